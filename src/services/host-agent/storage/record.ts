import { createHash } from 'node:crypto';

/*
 * The files in which VDSM keeps what it knows of domains and volumes: lines KEY=VALUE, one for each key. Those of domains end with a checksum,
 * so that a torn or forged one is told from a whole one.
 */

/** Values by their keys. */
export type Entries = ReadonlyMap<string, string>;

const checksumKey = '_SHA_CKSUM';
const mostLines = 1_000;

const linesOf = (entries: Entries): string[] =>
  [...entries].map(([key, value]) => {
    // Whoever could write a line of their own could write any value.
    if (!/^[A-Z_]+$/.test(key) || /[\r\n\0]/.test(value)) throw new TypeError(`${key} cannot be written on one line`);
    return `${key}=${value}`;
  });

/** SHA-1 over the sorted lines without line ends, as VDSM has it. It is against accidents, not against enemies. */
const checksumOf = (lines: readonly string[]): string =>
  [...lines]
    .sort()
    .reduce((hash, line) => hash.update(line), createHash('sha1'))
    .digest('hex');

/** Reads lines up to `EOF`. Throws SyntaxError where one is not KEY=VALUE or a key comes twice. */
export function parseRecord(text: string): Map<string, string> {
  const entries = new Map<string, string>();
  const lines = text.split('\n', mostLines + 1);
  if (lines.length > mostLines) throw new SyntaxError(`it has more than ${mostLines} lines`);
  for (const [at, line] of lines.entries()) {
    if (line === 'EOF') break;
    if (line.trim() === '') continue;
    const [, key, value] = /^([A-Z_]+)=(.*)$/.exec(line) ?? [];
    if (key === undefined || value === undefined) throw new SyntaxError(`line ${at + 1} is not KEY=VALUE`);
    if (entries.has(key)) throw new SyntaxError(`line ${at + 1} gives ${key} a second time`);
    entries.set(key, value);
  }
  return entries;
}

/** Reads lines with their checksum. Throws SyntaxError where it does not fit. */
export function parseSealedRecord(text: string): Map<string, string> {
  const entries = parseRecord(text);
  const checksum = entries.get(checksumKey);
  entries.delete(checksumKey);
  if (checksum !== checksumOf(linesOf(entries))) throw new SyntaxError('its checksum does not fit');
  return entries;
}

/** Writes lines in the order of their keys, `EOF` behind them. Throws TypeError where a value is more than one line. */
export const formatRecord = (entries: Entries): string => `${linesOf(entries).sort().join('\n')}\nEOF\n`;

/** Writes lines in the order of their keys, and their checksum. Throws TypeError where a value is more than one line. */
export function formatSealedRecord(entries: Entries): string {
  const lines = linesOf(entries).sort();
  return `${[...lines, `${checksumKey}=${checksumOf(lines)}`].join('\n')}\n`;
}
