/** How often each side lets the other hear something, in milliseconds; 0: never. */
export interface HeartBeat {
  readonly ours: number;
  readonly theirs: number;
}

const least = 1_000;
const most = 24 * 60 * 60 * 1_000;

/** Reads the `heart-beat` header of CONNECT: what the client can send, and what it wants to hear. Undefined when it is none. */
export function readHeartBeat(header: string | undefined): HeartBeat | undefined {
  const [, sends, wants] = /^ *(\d{1,9}) *, *(\d{1,9}) *$/.exec(header ?? '0,0') ?? [];
  if (sends === undefined || wants === undefined) return undefined;
  const bound = (text: string): number => (Number(text) === 0 ? 0 : Math.min(most, Math.max(least, Number(text))));
  return { ours: bound(wants), theirs: bound(sends) };
}

export interface HeartBeatEnds {
  /** Milliseconds since anything was written, and since anything was read. */
  readonly silence: () => { readonly ours: number; readonly theirs: number };
  readonly beat: () => void;
  /** Nothing has come for too long. */
  readonly dead: () => void;
}

/** Keeps both promises of a connection until the returned function is called. */
export function keepHeartBeat({ ours, theirs }: HeartBeat, { silence, beat, dead }: HeartBeatEnds): () => void {
  const timers: NodeJS.Timeout[] = [];
  // Looking twice in each interval is enough never to be late.
  if (ours > 0) timers.push(setInterval(() => silence().ours >= ours / 2 - 50 && beat(), ours / 2));
  if (theirs > 0) timers.push(setInterval(() => silence().theirs > 2 * theirs && dead(), theirs));
  return () => timers.forEach((timer) => clearInterval(timer));
}
