import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { inEnglish } from '#kit';
import { type Probe, postgresLauncher } from '../../../../src/setup/host/runtime-user.ts';
import { sandboxHost } from '../../../../src/setup/host/sandbox.ts';

let programs: string;
beforeEach(() => {
  programs = mkdtempSync(join(tmpdir(), 'programs-'));
  writeFileSync(join(programs, 'postgres'), '');
});
afterEach(() => rmSync(programs, { recursive: true }));

/** A machine on which everything works but commands with one of these words. */
const without =
  (...words: readonly string[]): Probe =>
  async (argv) =>
    !argv.some((word) => words.includes(basename(word)));

describe('the programs of PostgreSQL', () => {
  test('are run as they are by an ordinary user', async () => {
    expect(await postgresLauncher({ programs, home: '/' }, { isRoot: false, probe: without() })).toEqual({ launcher: [] });
  });

  test('are run in a user namespace by root', async () => {
    const found = await postgresLauncher({ programs, home: '/' }, { isRoot: true, probe: without() });
    expect(found).toEqual({ launcher: [expect.stringMatching(/^\/.*\/unshare$/), '--user', '--map-user=65534', '--'] });
  });

  test('are run as an account without rights where namespaces are barred, and say who must own the cluster', async () => {
    const found = await postgresLauncher({ programs, home: '/' }, { isRoot: true, probe: without('unshare') });
    const [uid] = execFileSync('getent', ['passwd', found.owner ?? ''], { encoding: 'utf8' })
      .split(':')
      .slice(2);
    expect(found.launcher).toEqual([
      expect.stringMatching(/^\/.*\/setpriv$/),
      `--reuid=${uid}`,
      expect.stringMatching(/^--regid=\d+$/),
      '--clear-groups',
      '--pdeathsig=keep',
      '--',
    ]);
    expect(found.problem).toBeUndefined();
    const old = await postgresLauncher({ programs, home: '/' }, { isRoot: true, probe: without('unshare', '--pdeathsig=keep') });
    expect(old.launcher.slice(-2)).toEqual(['--clear-groups', '--']);
  });

  test('that nobody may run are a problem with a way out', async () => {
    const where = { programs, home: '/some/sandbox' };
    const problems = [
      await postgresLauncher({ ...where, programs: '/nowhere' }, { isRoot: true, probe: without() }),
      await postgresLauncher(where, { isRoot: true, probe: without('unshare', 'setpriv') }),
      await postgresLauncher(where, {
        isRoot: true,
        probe: async (argv) => !argv.some((word) => ['unshare', '--version'].includes(basename(word))),
      }),
      await postgresLauncher(where, { isRoot: true, probe: without('unshare', 'test') }),
      await postgresLauncher(where, { isRoot: false, probe: without('--version') }),
    ].map(({ problem }) => inEnglish(problem?.message ?? '').replace(/account \w+/, 'account A'));
    expect(problems).toEqual([
      "PostgreSQL's programs are not in /nowhere",
      'PostgreSQL refuses to run as root, and there is no way here to be somebody else',
      `${programs}/postgres cannot be run by the account A`,
      '/some/sandbox cannot be reached by the account A, which PostgreSQL has to run as',
      `${programs}/postgres cannot be run`,
    ]);
  });

  test('can be run on this machine', async () => {
    const { directory, launcher, problem } = await sandboxHost(programs).postgres();
    expect(problem).toBeUndefined();
    const [program, ...args] = [...launcher, `${directory}/initdb`, '--version'];
    expect(execFileSync(program, args, { encoding: 'utf8' })).toContain('PostgreSQL');
  });
});
