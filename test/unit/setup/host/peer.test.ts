import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { type Server, type Socket, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openAs } from '../../../../src/setup/host/peer/open.ts';

let directory = '';
const servers: Server[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'peer-'));
  chmodSync(directory, 0o755);
});
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  rmSync(directory, { recursive: true });
});

/** A server that greets with its name and says back what it hears, in a folder with this mode. */
async function serve(name: string, mode: number): Promise<string> {
  const path = join(directory, name, 'socket');
  mkdirSync(join(directory, name));
  const server = createServer((socket) =>
    socket
      .on('error', () => undefined)
      .pipe(socket)
      .write(`${name}:`),
  );
  servers.push(server);
  await once(server.listen(path), 'listening');
  chmodSync(path, 0o777);
  chmodSync(join(directory, name), mode);
  return path;
}

async function talk(socket: Socket, words: string): Promise<string> {
  let heard = '';
  socket.on('data', (chunk: Buffer) => (heard += chunk.toString()));
  socket.end(words);
  await once(socket, 'close');
  return heard;
}

// Only root may become somebody else.
describe.runIf(process.getuid?.() === 0)('a socket that is opened as another account', () => {
  test('is refused where that account may not go, and so it is really the other one', async () => {
    const path = await serve('closed', 0o700);
    await expect(openAs('nobody', path)).rejects.toMatchObject({ code: 'EACCES' });
    expect(await talk(await openAs('root', path), 'x')).toBe('closed:x');
  });

  test('is open, and loses nothing of what the server says first', async () => {
    expect(await talk(await openAs('nobody', await serve('open', 0o755)), 'hello')).toBe('open:hello');
  });

  test('is the right one for each of those who ask at once, whatever becomes of the others', async () => {
    const [first, closed, second] = await Promise.all([serve('first', 0o755), serve('closed', 0o700), serve('second', 0o755)]);
    const opened = await Promise.allSettled([first, closed, second].map((path) => openAs('nobody', path)));
    const said = opened.map(async (one) => (one.status === 'fulfilled' ? talk(one.value, '') : (one.reason as { code: string }).code));
    expect(await Promise.all(said)).toEqual(['first:', 'EACCES', 'second:']);
  });

  test('that is not there, or that nobody serves, fails as usual', async () => {
    await expect(openAs('nobody', join(directory, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
    const path = await serve('dead', 0o755);
    // A process that is killed leaves its socket behind.
    const program = `require('node:net').createServer().listen(${JSON.stringify(`${path}2`)}, () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['--eval', program]);
    chmodSync(`${path}2`, 0o777);
    await expect(openAs('nobody', `${path}2`)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('fails for an account that is not there, each time, and others still get theirs', async () => {
    for (const _ of [1, 2]) await expect(openAs('no-such-account', '/x')).rejects.toMatchObject({ code: 'EPIPE' });
    expect(await talk(await openAs('nobody', await serve('open', 0o755)), '')).toBe('open:');
  });

  test('keeps nobody from ending', async () => {
    const path = await serve('open', 0o755);
    const source = fileURLToPath(new URL('../../../../src/setup/host/peer/open.ts', import.meta.url));
    const program = `
      import { openAs } from ${JSON.stringify(source)};
      await openAs('nobody', ${JSON.stringify(join(directory, 'none'))}).catch(({ code }) => console.log(code));`;
    const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect([path.length > 0, stdout, status]).toEqual([true, 'ENOENT\n', 0]);
  });
});
