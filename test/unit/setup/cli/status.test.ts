import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { inspectInstallation as inspect, type Status } from '../../../../src/setup/cli/installation.ts';
import { placeOf } from '../../../../src/setup/cli/place.ts';
import { type RunStatus, lastRun } from '../../../../src/setup/cli/last-run.ts';
import { lockHolder, lockPath, takeLock } from '../../../../src/setup/cli/lock.ts';
import { unitsOfSystem } from '../../../../src/setup/cli/service-status.ts';
import { claimRoot } from '../../../../src/setup/cli/sandbox-root.ts';
import { documentText } from '../../../../src/setup/cli/document.ts';
import { statusText as textIn } from '../../../../src/setup/cli/status-text.ts';
import type { Entry } from '../../../../src/setup/core/journal.ts';
import { message } from '#kit';
import { programDirectory } from '../../../../src/setup/paths.ts';

const statusText = (status: Status): string => textIn(status, () => undefined);
/** As programs read it: in English. */
const inspectInstallation = async (of: string): Promise<Status> => JSON.parse(documentText(await inspect(placeOf(of)))) as Status;

let root = '';
const children: ChildProcess[] = [];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'status-'));
  claimRoot(root);
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(root, { recursive: true });
});

const put = (path: string, text: string): string => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
  return join(root, path);
};

const name = '20260102030405-abcdef';
const at = (second: number): string => `2026-01-02T03:04:${String(second).padStart(2, '0')}.000Z`;
const steps = ['pki/ca', 'engine/schema', 'engine/start'];
const start: Entry = { t: 'start', run: name, version: '1', steps, at: at(5) };
const begin = (step: string, second: number): Entry => ({ t: 'begin', step, kept: null, files: {}, parents: [], at: at(second) });
const done = (step: string, second: number): Entry => ({ t: 'done', step, ms: 1, at: at(second) });
const journal = (entries: readonly Entry[], run = name): string =>
  put(`var/lib/ovirt-engine/setup/runs/${run}/journal`, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
const run = async (): Promise<RunStatus | undefined> => {
  const found = await lastRun(root, lockPath(root));
  return found === undefined ? undefined : (JSON.parse(documentText(found)) as RunStatus);
};

/** A whole installation, as far as status looks. */
function install(): void {
  mkdirSync(join(root, 'run'), { recursive: true });
  put(
    'etc/ovirt-engine-setup.conf.d/20-setup-ovirt-post.conf',
    '[environment:default]\nOVESETUP_CORE/generatedByVersion=str:1.2\nOVESETUP_CONFIG/fqdn=str:localhost\nOVESETUP_CONFIG/publicHttpsPort=int:8443\n',
  );
}

describe('how the last run went', () => {
  test('is not told where there was none', async () => {
    expect(await run()).toBeUndefined();
  });

  test('is told of one that came to its end, with its log', async () => {
    const log = put(`var/log/ovirt-engine/setup/ovirt-engine-setup-${name}.log`, '');
    journal([start, begin('pki/ca', 6), done('pki/ca', 7), { t: 'end', result: 'ok', at: at(9) }]);
    expect(await run()).toEqual({ name, state: 'done', began: at(5), ended: at(9), log });
  });

  test('is told of one that was rolled back, with what failed', async () => {
    journal([
      start,
      begin('pki/ca', 6),
      { t: 'failed', step: 'pki/ca', error: 'no room', at: at(7) },
      { t: 'undone', step: 'pki/ca', at: at(8) },
      { t: 'end', result: 'rolled-back', at: at(9) },
    ]);
    expect(await run()).toEqual({ name, state: 'rolled-back', began: at(5), ended: at(9), failed: { step: 'pki/ca', error: 'no room' } });
  });

  test('is told of one that was cut off, with the place', async () => {
    journal([start, begin('pki/ca', 6), done('pki/ca', 7), begin('engine/schema', 8)]);
    expect(await run()).toEqual({ name, state: 'cut-off', began: at(5), step: { id: 'engine/schema', n: 2, of: 3, since: at(8) } });
  });

  test('counts from where a run that was cut off was taken up, with the log of that one', async () => {
    const later = '20260103000000-bbbbbb';
    const log = put(`var/log/ovirt-engine/setup/ovirt-engine-setup-${later}.log`, '');
    const failed: Entry = { t: 'failed', step: 'pki/ca', error: 'no room', at: at(7) };
    journal([
      start,
      begin('pki/ca', 6),
      failed,
      { ...start, run: later, at: at(20) },
      done('pki/ca', 21),
      { t: 'end', result: 'ok', at: at(22) },
    ]);
    expect(await run()).toEqual({ name, state: 'done', began: at(20), ended: at(22), log });
  });

  test('names what could not be taken back', async () => {
    journal([start, begin('pki/ca', 6), { t: 'failed', step: 'pki/ca', at: at(7) }, { t: 'undo-failed', step: 'pki/ca', at: at(8) }]);
    expect(await run()).toMatchObject({ state: 'cut-off', failed: { step: 'pki/ca' }, leftOver: ['pki/ca'] });
  });

  test('is that of the newest journal; a last line without its end does not count', async () => {
    journal([start, { t: 'end', result: 'ok', at: at(6) }], '20260101000000-aaaaaa');
    const path = journal([start]);
    writeFileSync(path, `${JSON.stringify(start)}\n{"t":"end","resu`);
    expect(await run()).toMatchObject({ name, state: 'cut-off' });
  });

  test.each(['x\n', '{}\n', 'null\n', '{"t":"start"\n'])('is unclear where the journal holds %j', async (text) => {
    const path = put(`var/lib/ovirt-engine/setup/runs/${name}/journal`, text);
    expect(await run()).toEqual({ name, state: 'unclear', problem: `The journal ${path} is damaged` });
  });

  test('has the titles of the steps it names, where the journal holds them', async () => {
    const titles = ['Authority', message`Schema of ${'engine'}`, 'Start'];
    journal([{ ...start, titles }, begin('engine/schema', 6)]);
    expect(await run()).toMatchObject({ step: { id: 'engine/schema' }, titles: { 'engine/schema': 'Schema of engine' } });
    journal([{ ...start, titles }, begin('pki/ca', 6), { t: 'failed', step: 'pki/ca', error: message`no ${'room'}`, at: at(7) }]);
    expect(await run()).toMatchObject({ failed: { step: 'pki/ca', error: 'no room' }, titles: { 'pki/ca': 'Authority' } });
  });

  test('is told of journals that are older than this version, too, without times', async () => {
    const old = [start, begin('pki/ca', 6)].map(({ at: _, ...entry }) => entry);
    journal(old);
    expect(await run()).toEqual({ name, state: 'cut-off', step: { id: 'pki/ca', n: 1, of: 3 } });
  });
});

describe('a run that is active', () => {
  test('is seen by its lock, and told of with its process', async () => {
    const lock = await takeLock(lockPath(root));
    try {
      expect(await run()).toEqual({ state: 'active', pid: process.pid, began: expect.any(String) });
      journal([start, begin('pki/ca', 6)]);
      expect(await run()).toMatchObject({ name, state: 'active', pid: process.pid, step: { id: 'pki/ca', n: 1, of: 3, since: at(6) } });
    } finally {
      lock.release();
    }
    expect(await run()).toMatchObject({ state: 'cut-off' });
  });

  test('that has not begun its work is not taken for the one that was cut off before it', async () => {
    utimesSync(journal([start, begin('pki/ca', 6)]), new Date(0), new Date(0));
    const lock = await takeLock(lockPath(root));
    try {
      expect(await run()).toEqual({ state: 'active', pid: process.pid, began: expect.any(String) });
    } finally {
      lock.release();
    }
  });

  test('is not disturbed by who looks, and looking makes no lock', async () => {
    expect(await lockHolder(lockPath(root))).toBeUndefined();
    const lock = await takeLock(lockPath(root));
    try {
      for (const _ of [1, 2, 3]) expect(await lockHolder(lockPath(root))).toMatchObject({ pid: process.pid });
    } finally {
      lock.release();
    }
    expect(await lockHolder(lockPath(root))).toBeUndefined();
    (await takeLock(lockPath(root))).release();
  });
});

test('others than who runs setup are told that they cannot see how runs go', async () => {
  (await takeLock(lockPath(root))).release();
  chmodSync(root, 0o755);
  chmodSync(join(root, 'run'), 0o755);
  chmodSync(join(root, 'run/.lock-id'), 0);
  const lastRunModule = new URL('../../../../src/setup/cli/last-run.ts', import.meta.url).href;
  const script = `
    import { lastRun } from ${JSON.stringify(lastRunModule)};
    if (process.geteuid() === 0) process.seteuid(65534);
    process.stdout.write(JSON.stringify(await lastRun(${JSON.stringify(root)}, ${JSON.stringify(lockPath(root))})));`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  const said = (await child.stdout.toArray()).join('');
  expect(JSON.parse(said)).toEqual({ state: 'unclear', problem: expect.stringContaining('Only root') });
});

test('units of the system are those of its own family', () => {
  expect(unitsOfSystem.debian(['14', '15'])).toEqual(['apache2', 'postgresql@14-main', 'postgresql@15-main']);
  expect(unitsOfSystem['enterprise-linux']([])).toEqual(['httpd', 'postgresql']);
});

describe('the status of an installation', () => {
  test('that there is none says so', async () => {
    expect(await inspectInstallation(root)).toEqual({ root, state: 'not installed', services: [] });
    expect(await inspectInstallation(join(root, 'none'))).toEqual({ root: join(root, 'none'), state: 'not installed', services: [] });
  });

  test('has its addresses and its version', async () => {
    install();
    expect(await inspectInstallation(root)).toMatchObject({
      version: '1.2',
      addresses: { web: 'https://localhost:8443/ovirt-engine/', api: 'https://localhost:8443/ovirt-engine/api' },
    });
  });

  test.each([
    ['', 'the file is empty'],
    ['[environment:default]\n', 'does not say under which name and port the engine is reached'],
    ['[environment:default]\nOVESETUP_CONFIG/fqdn=str:x\nOVESETUP_CONFIG/publicHttps', 'neither a section nor KEY=type:value'],
    ['\0\0\0', 'not a text file'],
  ])('whose own file holds %j says that it is damaged, instead of wrong addresses', async (text, why) => {
    install();
    put('etc/ovirt-engine-setup.conf.d/20-setup-ovirt-post.conf', text);
    const found = await inspectInstallation(root);
    expect(found.addresses).toBeUndefined();
    expect(found.problems).toEqual([{ message: expect.stringContaining(why), remedy: expect.stringContaining('move it away') }]);
    expect(statusText(found)).not.toContain('undefined');
    expect(statusText(found)).toContain(why);
  });

  test('whose run directory was removed does not claim that all services are stopped', async () => {
    install();
    put('etc/systemd/system/ovirt-engine.service', '[Service]\n');
    put('etc/systemd/system/multi-user.target.wants/ovirt-engine.service', '');
    rmSync(join(root, 'run'), { recursive: true });
    expect(await inspectInstallation(root)).toMatchObject({
      state: 'unknown',
      services: [{ name: 'ovirt-engine', state: 'unknown' }],
      problems: [{ message: `${join(root, 'run')} is not there, so which services run cannot be told` }],
    });
  });

  test('whose run directory was removed names the supervisor that still works', async () => {
    install();
    rmSync(join(root, 'run'), { recursive: true });
    const supervisor = join(programDirectory, 'src/setup/host/supervisor/main.ts');
    const child = spawn(process.execPath, ['--eval', 'process.stdin.resume()', supervisor, realpathSync(root)], { stdio: 'pipe' });
    children.push(child);
    await once(child, 'spawn');
    const { problems } = await inspectInstallation(root);
    expect(problems).toEqual([
      {
        message: expect.stringMatching(new RegExp(`process ${child.pid ?? 0} still keeps some$`)),
        remedy: expect.stringContaining(`kill ${child.pid ?? 0}`),
      },
    ]);
  });
});

describe('status for people', () => {
  const base = { root: '/r', state: 'running', services: [] } as const;
  const shown = (more: Parameters<typeof statusText>[0]['run']): readonly string[] =>
    statusText({ ...base, ...(more === undefined ? {} : { run: more }) })
      .split('\n')
      .slice(1);

  test('has a line for each service', () => {
    const services = [
      { name: 'ovirt-engine', state: 'running', pid: 7, version: '1.2', health: 'ready' } as const,
      { name: 'x', state: 'stopped' } as const,
    ];
    expect(statusText({ ...base, services })).toBe(
      '/r: running\n  ovirt-engine     running (version 1.2, ready, process 7)\n  x                stopped',
    );
  });

  test('tells how the run went', () => {
    const step = { id: 'pki/ca', n: 1, of: 3, since: at(6) };
    expect(shown({ state: 'active', pid: 7, began: at(5) })).toEqual([
      `  Run       active, since ${at(5)}, process 7: nothing is changed yet`,
    ]);
    expect(shown({ state: 'active', pid: 7, began: at(5), step })).toEqual([
      `  Run       active, since ${at(5)}, process 7: step 1 of 3, pki/ca, since ${at(6)}`,
    ]);
    expect(shown({ state: 'done', ended: at(9), log: '/l' })).toEqual([`  Last run  done, ended ${at(9)}`, '  Log       /l']);
    expect(shown({ state: 'rolled-back', ended: at(9), failed: { step: 'pki/ca', error: 'no room' } })).toEqual([
      `  Last run  failed, and everything was rolled back, ended ${at(9)}`,
      '            pki/ca failed: no room',
    ]);
    expect(shown({ state: 'cut-off', step })).toEqual([
      '  Last run  cut off: step 1 of 3, pki/ca. Run engine-setup again: it takes that up',
    ]);
    expect(shown({ state: 'cut-off', leftOver: ['pki/ca'] })).toEqual([
      '  Last run  failed, and not wholly rolled back. Run engine-setup again: it takes that up',
      '            not taken back: pki/ca',
    ]);
    expect(shown({ state: 'cut-off', step, titles: { 'pki/ca': 'Authority' } })).toEqual([
      '  Last run  cut off: step 1 of 3, Authority (pki/ca). Run engine-setup again: it takes that up',
    ]);
    expect(shown({ state: 'unclear', problem: 'The journal x is damaged' })).toEqual(['  Last run  The journal x is damaged']);
  });
});
