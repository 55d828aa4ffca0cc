/*
 * STOMP 1.2 frames, read and written (https://stomp.github.io/stomp-specification-1.2.html). Both ends of the connection between
 * the engine and a host agent use this file; what the frames mean is theirs.
 */

/** One frame. Of a header that came more than once, the first counts. */
export interface Frame {
  readonly verb: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/** What one frame may have at most. */
export interface FrameLimits {
  /** The verb and all headers together, in bytes. */
  readonly headBytes: number;
  readonly headers: number;
  readonly bodyBytes: number;
}

/** What arrived is no STOMP, or more than is taken. Nothing after it can be understood: the connection is of no use any more. */
export class StompError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'StompError';
  }
}

/** The engine asks for little and is told much: an answer about thousands of volumes still fits. */
const frameLimits: FrameLimits = { headBytes: 16_384, headers: 64, bodyBytes: 16 * 1024 * 1024 };

const [nul, lf, cr] = [0x00, 0x0a, 0x0d];
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Bytes that come in pieces of any size: memory stays in proportion to them, and so does the work. */
class Gathered {
  #bytes = Buffer.alloc(0);
  length = 0;

  add(piece: Buffer): void {
    const wanted = this.length + piece.length;
    if (wanted > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(wanted, 2 * this.#bytes.length, 256));
      this.#bytes.copy(larger, 0, 0, this.length);
      this.#bytes = larger;
    }
    piece.copy(this.#bytes, this.length);
    this.length = wanted;
  }

  /** Everything so far; it begins anew. */
  take(): Buffer {
    const bytes = this.#bytes.subarray(0, this.length);
    [this.#bytes, this.length] = [Buffer.alloc(0), 0];
    return bytes;
  }
}

interface Head {
  readonly verb: string;
  readonly headers: Map<string, string>;
  /** Undefined: the body ends at the first NUL. */
  readonly bodyBytes: number | undefined;
}

/**
 * Makes a reader of frames. It takes bytes as they arrive, in pieces of any size, and hands on each frame as soon as it is complete. Line ends
 * between frames are heartbeats and are skipped.
 * @returns the function that takes the next piece. It throws StompError, and what `take` throws
 */
export function createFrameReader(take: (frame: Frame) => void, limits: FrameLimits = frameLimits): (piece: Buffer) => void {
  let gathered = new Gathered();
  let lines: string[] | undefined;
  let head: Head | undefined;
  let headBytes = 0;

  /** Takes from a place on what belongs to the head, at most to the end of a line. Returns the place after it. */
  const readLine = (piece: Buffer, from: number): number => {
    const end = piece.indexOf(lf, from);
    const next = end < 0 ? piece.length : end + 1;
    headBytes += next - from;
    if (headBytes > limits.headBytes) throw new StompError(`a frame's headers are longer than ${limits.headBytes} bytes`);
    gathered.add(piece.subarray(from, next));
    if (end < 0) return next;
    const line = lineOf(gathered.take());
    if (lines === undefined) lines = [verbOf(line)];
    else if (line !== '') lines.push(line);
    else [head, lines] = [readHead(lines, limits), undefined];
    return next;
  };

  const finish = (): void => {
    if (head === undefined) return;
    const { verb, headers } = head;
    const body = gathered.take();
    [head, headBytes, gathered] = [undefined, 0, new Gathered()];
    take({ verb, headers, body });
  };

  /** The same for the body, whose end is a NUL. */
  const readBody = (piece: Buffer, from: number, { bodyBytes }: Head): number => {
    if (bodyBytes === undefined) {
      const end = piece.indexOf(nul, from);
      const upTo = end < 0 ? piece.length : end;
      if (gathered.length + upTo - from > limits.bodyBytes) throw new StompError(`a frame's body is longer than ${limits.bodyBytes} bytes`);
      gathered.add(piece.subarray(from, upTo));
      if (end < 0) return upTo;
      finish();
      return end + 1;
    }
    const missing = bodyBytes - gathered.length;
    if (missing > 0) {
      const upTo = Math.min(from + missing, piece.length);
      gathered.add(piece.subarray(from, upTo));
      return upTo;
    }
    if (piece[from] !== nul) throw new StompError('a frame does not end where its content-length says');
    finish();
    return from + 1;
  };

  return (piece) => {
    let at = 0;
    while (at < piece.length) {
      if (head !== undefined) at = readBody(piece, at, head);
      else if (lines === undefined && gathered.length === 0 && (piece[at] === lf || piece[at] === cr)) at++;
      else at = readLine(piece, at);
    }
  };
}

/** The text of a line without its end, which is LF or CRLF. */
function lineOf(bytes: Buffer): string {
  const end = bytes.length - (bytes[bytes.length - 2] === cr ? 2 : 1);
  const line = bytes.subarray(0, end);
  if (line.includes(nul)) throw new StompError('a NUL stands among the headers of a frame');
  try {
    return utf8.decode(line);
  } catch {
    throw new StompError('the headers of a frame are not UTF-8');
  }
}

function verbOf(line: string): string {
  if (!/^[A-Z]{1,20}$/.test(line)) throw new StompError('a frame does not begin with a command of STOMP');
  return line;
}

function readHead([verb = '', ...lines]: readonly string[], limits: FrameLimits): Head {
  if (lines.length > limits.headers) throw new StompError(`a frame has more than ${limits.headers} headers`);
  // Frames that begin a connection know no escapes, since they are the same in all versions of STOMP.
  const plain = verb === 'CONNECT' || verb === 'CONNECTED';
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon < 1) throw new StompError('a header of a frame has no name');
    const [name, value] = [line.slice(0, colon), line.slice(colon + 1)].map((part) => (plain ? part : unescape(part))) as [string, string];
    if (!headers.has(name)) headers.set(name, value);
  }
  const length = headers.get('content-length');
  if (length === undefined) return { verb, headers, bodyBytes: undefined };
  if (!/^\d{1,15}$/.test(length)) throw new StompError('content-length is not a number');
  if (Number(length) > limits.bodyBytes) throw new StompError(`a frame's body is longer than ${limits.bodyBytes} bytes`);
  return { verb, headers, bodyBytes: Number(length) };
}

const escapes: Readonly<Record<string, string>> = { '\\\\': '\\', '\\r': '\r', '\\n': '\n', '\\c': ':' };
const escaped: Readonly<Record<string, string>> = { '\\': '\\\\', '\r': '\\r', '\n': '\\n', ':': '\\c' };

const unescape = (text: string): string =>
  text.replace(/\\[^]?/g, (pair) => {
    const character = escapes[pair];
    if (character === undefined) throw new StompError('a header of a frame has an unknown escape');
    return character;
  });

/** Line ends and NUL can never be part of a frame's head, whoever gave the text. */
const escape = (text: string): string => text.replaceAll('\0', '').replace(/[\\\r\n:]/g, (character) => escaped[character] ?? '');

/**
 * Writes a frame. A body gets its `content-length`.
 * @param body text, which is written as UTF-8, or bytes
 */
export function writeFrame(verb: string, headers: Readonly<Record<string, string>>, body: string | Buffer = ''): Buffer {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  const plain = verb === 'CONNECT' || verb === 'CONNECTED';
  const write = (text: string): string => (plain ? text.replace(/[\r\n\0]/g, '') : escape(text));
  const lines = Object.entries(headers).map(([name, value]) => `${write(name)}:${write(value)}\n`);
  const length = bytes.length === 0 ? '' : `content-length:${bytes.length}\n`;
  return Buffer.concat([Buffer.from(`${verb}\n${lines.join('')}${length}\n`), bytes, Buffer.of(nul)]);
}
