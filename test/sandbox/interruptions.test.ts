import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { type Ended, type Trial, eventually, livePaths, manifest, newTrial, ownPaths, run, start } from '../support/trial.ts';
import { request } from '../support/trial-client.ts';

const trials: Trial[] = [];
const fresh = async (): Promise<Trial> => {
  const trial = await newTrial();
  trials.push(trial);
  return trial;
};

/** What a trial has beside its engine, with databases and services that take their time. */
const others = [
  'OVESETUP_DWH_CORE/enable',
  'OVESETUP_OVN/ovirtProviderOvn',
  'OVESETUP_CONFIG/imageioProxyConfig',
  'OVESETUP_CONFIG/websocketProxyConfig',
];
/** A trial of the engine alone, where nothing hangs on the rest: several of its installations fit into the time of one of all. */
const engineAlone = async (): Promise<Trial> => {
  const trial = await fresh();
  return { ...trial, unattended: [...trial.unattended, ...others.map((key) => `--set=${key}=False`)] };
};
afterEach(async () => {
  for (const trial of trials.splice(0)) await trial.remove();
});

/** Logs of services that ran for a while, and directories of the run itself, are no part of an installation. */
const scaffold = [...ownPaths, '/var/log', '/run', '/.engine-setup-sandbox'];
const installed = (trial: Trial): readonly string[] =>
  Object.keys(manifest(trial.root, scaffold)).filter((path) => !['/var', '/var/lib', '/var/lib/ovirt-engine'].includes(path));

/** No process works with files of the trial any more. */
const processesOf = (trial: Trial): readonly string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(trial.root);
      } catch {
        return false;
      }
    })
    .map((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '))
    .filter((line) => !line.includes('supervisor'));

const moments = [
  'Upgrading CA',
  'Initializing PostgreSQL',
  "Creating PostgreSQL 'engine' database",
  'Creating CA',
  'Creating/refreshing Engine database schema',
];
/** When all databases of a trial are made. */
const lateMoment = 'Setting a password';
/** The last of them, where the most is there to be undone and to be taken up. */
const lastMoment = 'Starting engine service';

/** Starts an installation and sends it a signal as soon as it says that it has come to a moment. */
async function stopped(trial: Trial, moment: string, signal: 'SIGINT' | 'SIGKILL'): Promise<Ended> {
  const running = start(trial.unattended);
  await running.until(moment);
  running.child.kill(signal);
  return running.ended;
}

function expectOldState(trial: Trial, { code, stdout }: Ended): void {
  expect(code, stdout).toBe(1);
  expect(stdout).toContain('Rolling back what this run has changed');
  expect(installed(trial), stdout).toEqual([]);
  expect(processesOf(trial)).toEqual([]);
}

/** The same command works, leaves nothing to do, and people get in. */
async function expectSuccess(trial: Trial): Promise<void> {
  const again = await run(trial.unattended);
  expect(again.code, again.stdout).toBe(0);
  const { stdout } = await run(['plan', ...trial.unattended, '--json']);
  expect(JSON.parse(stdout)).toMatchObject({ pending: 0, owedRestarts: [] });
  const authorization = `Basic ${Buffer.from(`admin@internal:${trial.password}`).toString('base64')}`;
  expect((await request(trial, '/ovirt-engine/api', { headers: { authorization } })).status).toBe(200);
}

describe('at a moment', () => {
  test.each(moments)(
    '"%s", Ctrl-C has the old state back, and the same command works until kill -9, and is then taken up',
    async (moment) => {
      const trial = await engineAlone();
      expectOldState(trial, await stopped(trial, moment, 'SIGINT'));
      await stopped(trial, moment, 'SIGKILL');
      await expectSuccess(trial);
    },
  );

  test.each([lateMoment, lastMoment])(
    '"%s", Ctrl-C has the old state back of all that a trial has, and the same command works afterwards',
    async (moment) => {
      const trial = await fresh();
      const ended = await stopped(trial, moment, 'SIGINT');
      // The last step may have been done already: then there was nothing left to stop but the wait for its health.
      if (moment !== lastMoment || (ended.code !== 0 && ended.code !== 6)) expectOldState(trial, ended);
      await expectSuccess(trial);
    },
  );

  test(`"${lastMoment}", kill -9 is taken up by the next run`, async () => {
    const trial = await fresh();
    await stopped(trial, lastMoment, 'SIGKILL');
    await expectSuccess(trial);
  });
});

describe('Ctrl-C', () => {
  test('twice ends at once with code 3, and the next run takes up the work', async () => {
    const trial = await engineAlone();
    const running = start(trial.unattended);
    await running.until('Initializing PostgreSQL');
    running.child.kill('SIGINT');
    running.child.kill('SIGTERM');
    const { code, stdout } = await running.ended;
    expect(code).toBe(3);
    expect(stdout).toMatch(/\[ ERROR \] Stopped before everything was taken back\. Run engine-setup again: it takes that up\.\n$/);
    const again = await run(trial.unattended);
    expect(again.code, again.stdout).toBe(0);
    expect(again.stdout).toContain('did not come to its end; this one takes up its work');
  });

  /** Which of these is asked depends on the programs of the machine. */
  const elsewhereAsked = [
    'OVESETUP_CONFIG/imageioProxyConfig=True',
    'OVESETUP_OVN/ovirtProviderOvn=False',
    'OVESETUP_VMCONSOLE_PROXY_CONFIG/vmconsoleProxyConfig=False',
  ];
  test.skipIf(!existsSync('/usr/bin/script')).each([
    ['at a question', 'Host fully qualified DNS name', '\n\n', '\u0003'],
    ['at a hidden question', 'Engine admin password', '\n\n\n', '\u0003'],
    ['with Ctrl-D at a question', 'Host fully qualified DNS name', '\n\n', '\u0004'],
    ['with Ctrl-D at a hidden question', 'Engine admin password', '\n\n\n', '\u0004'],
  ])('on a terminal, %s, cancels with code 5 and changes nothing', async (_name, prompt, before, key) => {
    const trial = await fresh();
    const program = fileURLToPath(new URL('../../bin/engine-setup', import.meta.url));
    const command = [`exec '${program}' --root='${trial.root}'`, ...elsewhereAsked].join(' --set ');
    const child = spawn('/usr/bin/script', ['-qec', command, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    let screen = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (screen += chunk));
    const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
    await eventually('the first question', () => screen.includes('Configure WebSocket Proxy on this host'));
    child.stdin.write(before);
    await eventually(prompt, () => screen.includes(prompt));
    child.stdin.write(key);
    expect(await closed, screen).toBe(5);
    expect(screen).toMatch(/Cancelled|signal/);
    expect(installed(trial)).toEqual([]);
  });

  test('without anybody to ask, the missing answers are listed', async () => {
    const trial = await fresh();
    const { code, stdout } = await run([`--root=${trial.root}`, '--dialog=lines'], { input: '' });
    expect(code).toBe(4);
    expect(stdout).toContain('OVESETUP_CONFIG/adminPassword is not given');
  });
});

describe('a lost terminal', () => {
  test('does not stop a run that has been confirmed', async () => {
    const trial = await engineAlone();
    const running = start(trial.unattended);
    await running.until('Upgrading CA');
    running.child.kill('SIGHUP');
    running.child.stdout?.destroy();
    expect((await running.ended).code).toBe(0);
    expect((await trial.status()).state).toBe('running');
  });
});

describe('kill -9', () => {
  test('can be taken back with rollback', async () => {
    const trial = await engineAlone();
    const running = start(trial.unattended);
    await running.until('Creating CA');
    running.child.kill('SIGKILL');
    await running.ended;
    const { code, stdout } = await run(['rollback', `--root=${trial.root}`]);
    expect(code, stdout).toBe(0);
    expect(installed(trial)).toEqual([]);
    expect(processesOf(trial)).toEqual([]);
    expect((await run(['rollback', `--root=${trial.root}`])).stdout).toContain('There is nothing to take back');
  });

  test('of PostgreSQL in the middle of a run gives a clear end, and the next run succeeds', async () => {
    const trial = await engineAlone();
    const running = start(trial.unattended);
    await running.until('Creating CA');
    const record = JSON.parse(readFileSync(join(trial.root, 'run/units/postgresql.json'), 'utf8')) as { process: { pid: number } };
    process.kill(record.process.pid, 'SIGKILL');
    const { code, stdout } = await running.ended;
    if (code !== 0) {
      expect(code, stdout).toBe(1);
      expect(stdout).toMatch(/ERROR \] Failed to execute stage .*database/s);
      expect(installed(trial), stdout).toEqual([]);
    }
    const again = await run(trial.unattended);
    expect(again.code, again.stdout).toBe(0);
  });
});

describe('what cannot work is refused before anything is changed', () => {
  test('a taken port, with the program that holds it', async () => {
    const trial = await fresh();
    const server = createServer().listen(trial.httpsPort, '127.0.0.1');
    try {
      await eventually('listening', () => server.listening);
      const { code, stdout } = await run(trial.unattended);
      expect(code, stdout).toBe(4);
      expect(stdout).toMatch(new RegExp(`Port ${trial.httpsPort}, wanted for HTTPS, is taken by .+ \\(process ${process.pid}\\)`));
      expect(installed(trial)).toEqual([]);
    } finally {
      server.close();
    }
  });

  test('an answer file that was cut off', async () => {
    const trial = await fresh();
    const text = readFileSync(trial.answers, 'utf8');
    const cut = text.slice(0, text.indexOf('adminPassword') + 6);
    writeFileSync(trial.answers, cut);
    const { code, stderr } = await run(trial.unattended);
    expect(code).toBe(4);
    expect(stderr).toContain(`${trial.answers}:${cut.split('\n').length}: is neither a section nor KEY=type:value`);
    expect(stderr).toContain('Is the file cut off here?');
  });

  test('an answer file that was cut off inside its last answer is at least doubted', async () => {
    const trial = await fresh();
    const text = readFileSync(trial.answers, 'utf8');
    const at = text.indexOf('publicHttpsPort=int:') + 'publicHttpsPort=int:'.length + 1;
    writeFileSync(trial.answers, text.slice(0, at));
    const { stderr } = await run(['plan', ...trial.unattended]);
    expect(stderr).toContain(`${trial.answers}:3: the last line has no end. Is the file cut off here?`);
  });

  test('a damaged journal, with file, line and what to do', async () => {
    const trial = await engineAlone();
    const running = start(trial.unattended);
    await running.until('Initializing PostgreSQL');
    running.child.kill('SIGKILL');
    await running.ended;
    const runs = join(trial.root, 'var/lib/ovirt-engine/setup/runs');
    const journal = join(runs, readdirSync(runs)[0] ?? '', 'journal');
    const lines = readFileSync(journal, 'utf8').split('\n');
    lines[1] = '{"t":"beg';
    writeFileSync(journal, lines.join('\n'));
    const before = manifest(trial.root, [...livePaths, '/run']);
    const { code, stdout } = await run(trial.unattended);
    expect(code, stdout).toBe(4);
    expect(stdout).toMatch(/The journal of an unfinished run is damaged: .*journal, line 2/);
    expect(stdout).toContain('move the directory');
    expect(manifest(trial.root, [...livePaths, '/run'])).toEqual(before);
  });

  test('a secret on the command line', async () => {
    const trial = await fresh();
    const { code, stderr } = await run([...trial.unattended, '--set', 'OVESETUP_CONFIG/adminPassword=canary-Argument']);
    expect(code).toBe(2);
    expect(stderr).toContain('OVESETUP_CONFIG/adminPassword (--set): secrets are not taken from the command line');
    expect(stderr).not.toContain('canary-Argument');
  });

  test('a directory that holds other things', async () => {
    const trial = await fresh();
    mkdirSync(trial.root);
    writeFileSync(join(trial.root, 'thesis.tex'), 'mine');
    for (const args of [trial.unattended, ['sandbox', 'reset', `--root=${trial.root}`], ['plan', ...trial.unattended]]) {
      const { code, stderr } = await run(args);
      expect(code).toBe(4);
      expect(stderr).toContain(`${trial.root} is not a sandbox of engine-setup, and not empty`);
    }
    expect(readFileSync(join(trial.root, 'thesis.tex'), 'utf8')).toBe('mine');
    execFileSync('rm', ['-r', trial.root]);
  });
});

describe('a full disk', () => {
  const mount = (megabytes: number, directory: string): void =>
    void execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=700`, 'tmpfs', directory], { stdio: 'ignore' });

  test.skipIf(process.getuid?.() !== 0).each([1, 8, 16, 24, 30])(
    'of %i MB ends with a message that names the path and a remedy, and with the old state',
    async (size) => {
      const trial = await fresh();
      mkdirSync(trial.root, { mode: 0o700 });
      mount(size, trial.root);
      try {
        const refused = await run(trial.unattended);
        expect(refused.code, refused.stdout + refused.stderr).toBe(4);
        expect(refused.stdout).toContain('an installation needs 300 MiB');
        const { code, stdout, stderr } = await run([...trial.unattended, '--allow', 'disk-space']);
        // None of these sizes suffices for a cluster and its log.
        expect([1, 3, 4], stdout + stderr).toContain(code);
        expect(stdout + stderr).toMatch(/space|ENOSPC|53100|full/i);
        if (code === 1) expect(installed(trial), stdout).toEqual([]);
      } finally {
        await run(['sandbox', 'stop', `--root=${trial.root}`]);
        execFileSync('umount', ['-l', trial.root]);
      }
    },
  );
});
