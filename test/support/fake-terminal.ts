import { PassThrough } from 'node:stream';
import type { Catalogue } from '#kit';
import { terminalDialog } from '../../src/setup/ui/dialog-terminal.ts';
import { newMask } from '../../src/setup/ui/mask.ts';
import { english } from '../../src/setup/ui/wording.ts';

/** The input of a terminal, which notes how it is used: `raw` and `cooked`, `held` and `released`. */
export function fakeInput() {
  const used: string[] = [];
  const stream = new PassThrough();
  const input = Object.assign(stream, {
    isTTY: true,
    setRawMode: (raw: boolean) => void used.push(raw ? 'raw' : 'cooked'),
    ref: () => void used.push('held'),
    unref: () => void used.push('released'),
  }) as unknown as NodeJS.ReadStream;
  return { input, used, type: (text: string) => void stream.write(text), hangUp: () => void stream.end() };
}

/** A terminal dialog without a terminal: what it writes, and what it logs. */
export function fakeTerminal(on: { catalogue?: Catalogue; colour?: boolean; columns?: number } = {}) {
  const out = { screen: '', log: [] as string[] };
  const keys = fakeInput();
  const abort = new AbortController();
  const mask = newMask({ words: false });
  const log = { path: '/log', write: (...record: readonly string[]) => void out.log.push(record.join(' ')), close: () => undefined };
  const output = Object.assign(new PassThrough(), { columns: on.columns ?? 80, rows: 24 });
  const dialog = terminalDialog({
    screen: { colour: on.colour ?? false, write: (text) => void (out.screen += text) },
    mask,
    log,
    catalogue: on.catalogue ?? english,
    signal: abort.signal,
    input: keys.input,
    output: output as unknown as NodeJS.WriteStream,
  });
  return { dialog, out, keys, abort, mask, log, output };
}
