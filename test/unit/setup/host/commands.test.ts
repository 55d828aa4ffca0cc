import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { endCommands, runCommand } from '../../../../src/setup/host/commands.ts';
import { identify } from '../../../../src/setup/host/process-table.ts';
import { failureOf } from '../../../support/fakes.ts';
import { until } from '../../../support/waiting.ts';

const [setpriv, unshare] = [
  ['/usr/bin/setpriv', '--pdeathsig', 'KILL', '--'],
  ['unshare', '--user', '--map-user=65534', '--'],
] as const;
const works = ([program = '', ...args]: readonly string[]): boolean => spawnSync(program, [...args, 'true']).status === 0;

const sh = (script: string) => ['sh', '-c', script] as const;

async function pidIn(path: string): Promise<number> {
  await until(() => existsSync(path) && readFileSync(path, 'utf8').endsWith('\n'));
  return Number(readFileSync(path, 'utf8'));
}

describe('a command', () => {
  test('gives code and both outputs as they are', async () => {
    expect(await runCommand({ argv: sh('printf "a\\n\\n"; printf b >&2; exit 3') })).toEqual({ code: 3, stdout: 'a\n\n', stderr: 'b' });
  });

  test('is an argument vector: no shell sees it', async () => {
    const words = ['$HOME', '`id`', '"a b"', '*', ';', ''] as const;
    expect((await runCommand({ argv: ['printf', '[%s]', ...words] })).stdout).toBe(words.map((word) => `[${word}]`).join(''));
  });

  test('reads what it is given, and nothing where it is given nothing', async () => {
    expect((await runCommand({ argv: ['cat'], input: 'secret' })).stdout).toBe('secret');
    expect((await runCommand({ argv: ['cat'] })).stdout).toBe('');
    expect((await runCommand({ argv: ['true'], input: 'x'.repeat(1_000_000) })).code).toBe(0);
  });

  test('learns nothing of our environment but PATH and HOME, and speaks English', async () => {
    process.env['SECRET_OF_OURS'] = 'x';
    const { stdout } = await runCommand({ argv: ['env'] });
    delete process.env['SECRET_OF_OURS'];
    const names = stdout.trim().split('\n').map((line) => line.split('=')[0]); // prettier-ignore
    expect(names.sort()).toEqual(['HOME', 'LC_ALL', 'PATH']);
    expect(stdout).toContain('LC_ALL=C\n');
  });

  test('has a session of its own, so that Ctrl-C does not reach it', async () => {
    const { stdout } = await runCommand({ argv: sh('cut -d" " -f1,5,6,7 /proc/$$/stat') });
    const [pid, group, session, terminal] = stdout.trim().split(' ');
    expect([group, session, terminal]).toEqual([pid, pid, '0']);
  });

  test('that is not there is named', async () => {
    expect(await failureOf(runCommand({ argv: ['no-such-program'], input: 'x' }))).toMatchObject({
      code: 'failed',
      text: 'The program no-such-program is not there',
      remedy: 'Install the package that holds no-such-program.',
    });
    await expect(runCommand({ argv: ['/etc/passwd'] })).rejects.toMatchObject({
      code: 'failed',
      message: expect.stringContaining('may not be run'),
    });
  });

  test('ended by a signal has the code that shells give', async () => {
    expect((await runCommand({ argv: sh('kill -9 $$') })).code).toBe(137);
  });

  test('that takes too long is ended together with all that it started', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'commands-'));
    try {
      const script = `sleep 1000 & echo $! > ${folder}/pid; trap 'touch ${folder}/asked; exit' TERM; wait`;
      await expect(runCommand({ argv: sh(script), timeoutMs: 500 })).rejects.toThrow(
        'The program sh did not end within 0.5 s and was ended',
      );
      const child = Number(await readFile(join(folder, 'pid'), 'utf8'));
      while (identify(child) !== undefined) await sleep(20);
      expect(existsSync(join(folder, 'asked'))).toBe(true);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('cannot hold us by a daemon that keeps its output open', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'commands-'));
    try {
      await expect(
        runCommand({ argv: sh(`setsid sh -c 'echo $$ > ${folder}/pid; exec sleep 1000' & wait`), timeoutMs: 500 }),
      ).rejects.toThrow('did not end');
      process.kill(Number(await readFile(join(folder, 'pid'), 'utf8')), 'SIGKILL');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('that prints without end is ended', async () => {
    await expect(runCommand({ argv: ['yes'] })).rejects.toThrow('The program yes printed more than 8388608 characters and was ended');
  });

  // `kill -9` of setup leaves it no time to end anything: this is up to the kernel.
  test.skipIf(!works(setpriv)).each([
    ['', []],
    [', also in a namespace of its own', works(unshare) ? unshare : []],
  ])('dies with us, however we die%s', async (_, launcher) => {
    const folder = await mkdtemp(join(tmpdir(), 'commands-'));
    try {
      const argv = [...launcher, ...sh(`umask 0; echo $$ > ${folder}/pid; exec sleep 1000`)];
      await chmod(folder, 0o777);
      const module_ = new URL('../../../../src/setup/host/commands.ts', import.meta.url).href;
      const script = `import { runCommand } from ${JSON.stringify(module_)}; await runCommand(${JSON.stringify({ argv })});`;
      const parent = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: 'ignore' });
      const pid = await pidIn(join(folder, 'pid'));
      expect(identify(pid)).toBeDefined();
      parent.kill('SIGKILL');
      await until(() => identify(pid) === undefined);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('can be ended at once with all that it started', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'commands-'));
    try {
      const ended = runCommand({ argv: sh(`trap '' TERM INT; sleep 1000 & echo $! > ${folder}/pid; wait`) });
      const pid = await pidIn(join(folder, 'pid'));
      endCommands();
      expect((await ended).code).toBe(137);
      await until(() => identify(pid) === undefined);
      // Nobody is left: nothing happens.
      endCommands();
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
