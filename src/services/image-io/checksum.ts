import { createHash, getHashes } from 'node:crypto';
import { Fault } from './fault.ts';
import type { Blocks } from './images/blocks.ts';
import type { ChecksumOrder } from './images/image.ts';
import { pieceBytes } from './streaming.ts';

/*
 * The checksum of an image is a hash over the digests of its blocks, in order, so that blocks of zeroes cost nothing and several could be
 * hashed at once. The last block may be shorter.
 */

/** Takes bytes again and again; `digest` also makes it ready for others. */
interface Hash {
  update(bytes: Buffer): void;
  digest(): Buffer;
}

/** Algorithms by the names that clients know, and what OpenSSL calls them; blake2b is had from elsewhere, since this one has no short digests of it. */
const names: Readonly<Record<string, string>> = {
  blake2s: 'blake2s256',
  sha1: 'sha1',
  sha256: 'sha256',
  sha384: 'sha384',
  sha512: 'sha512',
};

/** All that can be asked for. */
export const algorithms: readonly string[] = ['blake2b', ...Object.keys(names).filter((name) => getHashes().includes(names[name] ?? ''))];

const [leastBlock, mostBlock, blockUnit] = [2 ** 20, 16 * 2 ** 20, 4096];

/** Reads `algorithm` and `block_size` (bytes) of a request. Throws Fault. */
export function readChecksumOrder(query: URLSearchParams): ChecksumOrder {
  const algorithm = query.get('algorithm') ?? 'blake2b';
  if (!algorithms.includes(algorithm)) throw new Fault(400, `algorithm must be one of ${algorithms.join(', ')}`);
  const text = query.get('block_size') ?? String(4 * 2 ** 20);
  const blockSize = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (!(blockSize >= leastBlock && blockSize <= mostBlock && blockSize % blockUnit === 0))
    throw new Fault(400, `block_size must be a multiple of ${blockUnit} from ${leastBlock} to ${mostBlock}`);
  return { algorithm, blockSize };
}

async function createHasher(algorithm: string): Promise<Hash> {
  if (algorithm === 'blake2b') {
    // Loaded when it is needed: few ask for it.
    const { createBLAKE2b } = await import('hash-wasm');
    const hash = await createBLAKE2b(256);
    hash.init();
    return {
      update: (bytes) => void hash.update(bytes),
      digest() {
        const digest = Buffer.from(hash.digest('binary'));
        hash.init();
        return digest;
      },
    };
  }
  const name = names[algorithm] ?? algorithm;
  let hash = createHash(name);
  return {
    update: (bytes) => void hash.update(bytes),
    digest() {
      const digest = hash.digest();
      hash = createHash(name);
      return digest;
    },
  };
}

/** The checksum of an image, as hexadecimal digits. Throws what the signal was aborted with. */
export async function blockChecksum(
  blocks: Blocks,
  size: number,
  { algorithm, blockSize }: ChecksumOrder,
  signal: AbortSignal,
): Promise<string> {
  const [whole, block] = [await createHasher(algorithm), await createHasher(algorithm)];
  const buffer = Buffer.allocUnsafeSlow(pieceBytes);
  const ofZeroes = new Map<number, Buffer>();
  const zeroDigest = (length: number): Buffer => {
    const known = ofZeroes.get(length);
    if (known !== undefined) return known;
    buffer.fill(0);
    for (let done = 0; done < length; done += pieceBytes) block.update(buffer.subarray(0, length - done));
    const digest = block.digest();
    ofZeroes.set(length, digest);
    return digest;
  };

  const zeroRuns = runsOfZeroes(blocks);
  let run = await zeroRuns.next();
  for (let start = 0; start < size; start += blockSize) {
    signal.throwIfAborted();
    const length = Math.min(blockSize, size - start);
    while (run.done !== true && run.value.end < start + length) run = await zeroRuns.next();
    if (run.done !== true && run.value.start <= start) {
      whole.update(zeroDigest(length));
      continue;
    }
    for (let done = 0; done < length; done += pieceBytes) {
      const piece = buffer.subarray(0, length - done);
      await blocks.read(piece, start + done);
      block.update(piece);
    }
    whole.update(block.digest());
  }
  await zeroRuns.return(undefined);
  return whole.digest().toString('hex');
}

async function* runsOfZeroes(blocks: Blocks): AsyncGenerator<{ start: number; end: number }, undefined> {
  let run = { start: 0, end: 0 };
  for await (const { start, length, zero } of blocks.extents()) {
    if (!zero) continue;
    if (run.end === start) run.end += length;
    else {
      yield run;
      run = { start, end: start + length };
    }
  }
  yield run;
  return undefined;
}
