import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const source = fileURLToPath(new URL('../../../../src/services/frame/standard-log.ts', import.meta.url));
const lines = ['one\n', 'two\n'];

let directory = '';
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'log-'))));
afterEach(() => rmSync(directory, { recursive: true }));

/** systemd announces the stream that leads to the journal before a service starts. */
const announce = (fd: number): string => `
  const { dev, ino } = fstatSync(${fd});
  process.env.JOURNAL_STREAM = \`\${dev}:\${ino}\`;`;

/** Runs a service that writes two lines: standard output is a file, standard error a stream, which may be closed at once. */
async function service(announcement: string, more: { readonly deaf?: boolean; readonly together?: boolean } = {}) {
  const program = `
    import { fstatSync } from 'node:fs';
    import { once } from 'node:events';
    import { standardLog } from ${JSON.stringify(source)};
    ${announcement}
    const log = standardLog(process);
    await once(process.stdin.resume(), 'end');
    for (const line of ${JSON.stringify(lines)}) log(line);`;
  const path = join(directory, 'service.log');
  const file = openSync(path, 'w');
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['pipe', more.together === true ? 'pipe' : file, 'pipe'],
  });
  closeSync(file);
  let [output, errors] = ['', ''];
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  if (more.deaf === true) {
    child.stderr?.destroy();
    await once(child.stderr!, 'close');
  } else child.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  child.stdin?.end();
  const [code] = (await once(child, 'close')) as [number];
  return { code, output: output + readFileSync(path, 'utf8'), errors };
}

const all = lines.join('');

describe('the log of a service', () => {
  test('goes to standard output and, where standard error is the journal, there as well', async () => {
    expect(await service(announce(2))).toEqual({ code: 0, output: all, errors: all });
  });

  test('goes to standard output alone where nothing is announced, or something else', async () => {
    expect(await service('delete process.env.JOURNAL_STREAM;')).toEqual({ code: 0, output: all, errors: '' });
    expect(await service("process.env.JOURNAL_STREAM = '1:2';")).toEqual({ code: 0, output: all, errors: '' });
  });

  test('is written once where standard output is the journal', async () => {
    expect(await service(announce(1), { together: true })).toEqual({ code: 0, output: all, errors: '' });
    // Both are the same stream then.
    expect(await service(announce(1))).toEqual({ code: 0, output: all, errors: '' });
  });

  test('goes on without the journal when that is gone', async () => {
    expect(await service(announce(2), { deaf: true })).toEqual({ code: 0, output: all, errors: '' });
  });
});
