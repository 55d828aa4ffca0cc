import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ovnIsHere } from '../support/ovn.ts';
import { engineSql } from '../support/trial-database.ts';
import { type Trial, eventually, filesHolding, livePaths, manifest, newTrial, run, start } from '../support/trial.ts';
import { request } from '../support/trial-client.ts';

let trial: Trial;
beforeAll(async () => {
  trial = await newTrial();
});
afterAll(() => trial.remove());

const pidOf = async (unit: string): Promise<number> => {
  const found = (await trial.status()).services.find(({ name }) => name === unit);
  if (found?.pid === undefined) throw new Error(`${unit} does not run`);
  return found.pid;
};
const basic = (password: string): string => `Basic ${Buffer.from(`admin@internal:${password}`).toString('base64')}`;

/** Processes whose argument vector or environment holds a text. */
const processesWith = (text: string): readonly string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => [`/proc/${pid}/cmdline`, `/proc/${pid}/environ`])
    .filter((path) => {
      try {
        return readFileSync(path, 'utf8').includes(text);
      } catch {
        // It is gone, or not ours.
        return false;
      }
    });

describe('an installation from an answer file', () => {
  test('a plan shows what would be done, and makes nothing', async () => {
    const { code, stdout } = await run(['plan', ...trial.unattended]);
    expect(code, stdout).toBe(0);
    expect(stdout).toMatch(/^ {2}\+ pki\/ca +Creating CA +\/etc\/pki\/ovirt-engine\/ca\.pem$/m);
    expect(stdout).toMatch(/\d+ to change, 0 already right\. Restarts at the end:/);
    expect(stdout).not.toContain(trial.password);
    expect(manifest(trial.directory)).toEqual(manifest(trial.directory, ['/root']));
  });

  test('ends with a healthy engine', async () => {
    const running = start(trial.unattended);
    // Looked at again and again while programs come and go.
    const state = { over: false };
    const watch = (async () => {
      while (!state.over) {
        expect(processesWith('canary-Geheim')).toEqual([]);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })();
    const { code, stdout, stderr } = await running.ended;
    state.over = true;
    await watch;
    expect(code, stdout).toBe(0);
    expect(stderr).toBe('');
    expect(stdout).toContain('Execution of setup completed successfully');
    const status = await trial.status();
    expect(status.state).toBe('running');
    expect(status.services.map(({ name, state, version }) => [name, state, version !== undefined])).toEqual([
      ['ovirt-engine', 'running', true],
      ['ovirt-engine-dwhd', 'running', true],
      ['ovirt-fence-kdump-listener', 'running', true],
      ['ovirt-imageio', 'running', true],
      ...(ovnIsHere ? [['ovirt-provider-ovn', 'running', true]] : []),
      ['ovirt-websocket-proxy', 'running', true],
      ...(ovnIsHere ? ['ovn-northd', 'ovn-ovsdb-server-nb', 'ovn-ovsdb-server-sb'].map((name) => [name, 'running', false]) : []),
      ['postgresql', 'running', true],
    ]);
  });

  test('lets the administrator in, and nobody else', async () => {
    const api = '/ovirt-engine/api';
    expect((await request(trial, api)).status).toBe(401);
    expect((await request(trial, api, { headers: { authorization: basic('wrong') } })).status).toBe(401);
    const answer = await request(trial, api, { headers: { authorization: basic(trial.password) } });
    expect(answer.status).toBe(200);
    expect(answer.body).toContain('<product_info>');
  });

  test('the password stands in no file but the answer files, in no argument vector and in no environment', async () => {
    const holding = filesHolding(trial.root, trial.password.replace('%', ''), 'canary-Geheim');
    expect(holding.filter((path) => !path.startsWith('/var/lib/ovirt-engine/setup/answers/'))).toEqual([]);
    for (const path of holding) expect(statSync(trial.root + path).mode & 0o077, path).toBe(0);
    expect(processesWith('canary-Geheim')).toEqual([]);
  });

  test('a second run changes nothing and restarts nothing', async () => {
    const quiet = [...livePaths, '/run/units'];
    const before = { files: manifest(trial.root, quiet), engine: await pidOf('ovirt-engine'), database: await pidOf('postgresql') };
    const { code, stdout } = await run(trial.unattended);
    expect(code, stdout).toBe(0);
    expect({ files: manifest(trial.root, quiet), engine: await pidOf('ovirt-engine'), database: await pidOf('postgresql') }).toEqual(
      before,
    );
    const { stdout: plan } = await run(['plan', ...trial.unattended, '--json']);
    expect(JSON.parse(plan)).toMatchObject({ pending: 0, owedRestarts: [] });
  });

  test('its answer file gives the same installation again', async () => {
    const directory = join(trial.root, 'var/lib/ovirt-engine/setup/answers');
    const [first = ''] = readdirSync(directory);
    // Secrets are not kept: they have to be given again.
    const secret = join(trial.directory, 'password');
    writeFileSync(secret, `${trial.password}\n`, { mode: 0o600 });
    const given = [`--config-append=${join(directory, first)}`, `--set-file=OVESETUP_CONFIG/adminPassword=${secret}`];
    const { code, stdout } = await run(['plan', `--root=${trial.root}2`, ...given, '--json']);
    expect(code, stdout).toBe(0);
    expect((JSON.parse(stdout) as { pending: number }).pending).toBeGreaterThan(20);
    const again = await run(['plan', `--root=${trial.root}`, ...given, '--json']);
    expect(JSON.parse(again.stdout)).toMatchObject({ pending: 0 });
  });

  test('a changed file of ours is brought back, and the plan says that somebody changed it', async () => {
    const path = join(trial.root, 'etc/ovirt-engine/engine.conf.d/10-setup-protocols.conf');
    const wanted = readFileSync(path, 'utf8');
    writeFileSync(path, `${wanted}# mine\n`);
    const { stdout } = await run(['plan', ...trial.unattended]);
    expect(stdout).toMatch(/~ engine\/10-setup-protocols\.conf .*edited by hand since the last run/);
    expect(stdout).toContain('-# mine');
    const before = await pidOf('ovirt-engine');
    const done = await run(trial.unattended);
    expect(done.code, done.stdout).toBe(0);
    expect(readFileSync(path, 'utf8')).toBe(wanted);
    expect(await pidOf('ovirt-engine')).not.toBe(before);
  });

  test('only what is down is started', async () => {
    const database = await pidOf('postgresql');
    process.kill(await pidOf('ovirt-engine'), 'SIGKILL');
    await eventually('the supervisor starts the engine again', async () => (await trial.status()).state === 'running');
    expect(await pidOf('postgresql')).toBe(database);
    expect((await run(['sandbox', 'stop', `--root=${trial.root}`])).code).toBe(0);
    expect((await trial.status()).state).toBe('stopped');
    // With the answers that it has kept, not with those of a new trial.
    const { code, stdout } = await run(['sandbox', 'start', `--root=${trial.root}`]);
    expect(code, stdout).toBe(0);
    expect(stdout).not.toContain('Creating');
    expect(await trial.status()).toMatchObject({
      state: 'running',
      addresses: { web: `https://localhost:${trial.httpsPort}/ovirt-engine/` },
    });
  });

  test('is left alone while the machine of a hosted engine could be restarted', async () => {
    const view = (rows: string): Promise<void> => engineSql(trial, `create or replace view setup_hosted_engine_view as ${rows}`);
    const on = (maintenance: boolean): string =>
      `select 'HostedEngine'::text as vm_name, 'host1'::text as host_name, ${maintenance} as is_global_maintenance`;
    await view(on(false));
    const before = manifest(trial.root, [...livePaths, '/run/units']);
    const refused = await run(trial.unattended);
    expect(refused.code, refused.stdout).toBe(4);
    expect(refused.stdout).toContain(
      'The engine runs in the virtual machine HostedEngine, and its host host1 does not report global maintenance',
    );
    expect(manifest(trial.root, [...livePaths, '/run/units'])).toEqual(before);
    const agreed = await run([...trial.unattended, '--set=OVESETUP_CONFIG/continueSetupOnHEVM=True']);
    expect(agreed.code, agreed.stdout).toBe(0);
    await view(on(true));
    const { code, stdout } = await run(trial.unattended);
    expect(code, stdout).toBe(0);
    expect(stdout).toContain('[ INFO  ] The engine runs in a virtual machine, and its hosts are in global maintenance');
    await view(`${on(true)} where false`);
  });

  test('the engine survives a killed PostgreSQL', async () => {
    process.kill(await pidOf('postgresql'), 'SIGKILL');
    const health = async (): Promise<string> => (await request(trial, '/ovirt-engine/services/health').catch(() => ({ body: '' }))).body;
    await eventually('healthy again', async () => (await trial.status()).state === 'running' && (await health()).includes('DB Up!'));
  });

  test('another port moves the engine there', async () => {
    const { code, stdout } = await run([
      ...trial.unattended,
      '--set',
      `OVESETUP_PKI/country=US`,
      '--set',
      `OVESETUP_CONFIG/publicHttpsPort=${trial.httpsPort}`,
    ]);
    expect(code, stdout).toBe(0);
    const moved = await newTrial(trial.directory);
    const file = moved.answers;
    const { code: second, stdout: screen } = await run([`--root=${trial.root}`, `--config-append=${file}`]);
    expect(second, screen).toBe(0);
    expect((await request(moved, '/ovirt-engine/services/health')).body).toContain('DB Up!');
    trial = { ...moved, password: trial.password };
  });
});

describe('a second run beside the first', () => {
  test('is refused with exit code 7', async () => {
    const other = await newTrial();
    try {
      const first = start(other.unattended);
      await first.until('Initializing PostgreSQL');
      const second = await run(other.unattended);
      expect(second.code).toBe(7);
      expect(second.stderr).toMatch(/Another run of engine-setup is active here \(process \d+\)/);
      expect((await first.ended).code).toBe(0);
    } finally {
      await other.remove();
    }
  });
});
