import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';

const tool = fileURLToPath(new URL('../../bin/engine-config', import.meta.url));
let postgres: TestPostgres;
let root: string;
beforeAll(async () => {
  postgres = await startPostgres();
  root = await mkdtemp(join(tmpdir(), 'engine-config-'));
  await mkdir(join(root, 'etc/ovirt-engine'), { recursive: true });
  const { host, port, user, password, database } = postgres;
  const keys = {
    HOST: host,
    PORT: String(port),
    USER: user,
    PASSWORD: password,
    DATABASE: database,
    SECURED: 'False',
    SECURED_VALIDATION: 'False',
  };
  const lines = Object.entries(keys).map(([key, value]) => `ENGINE_DB_${key}="${value.replace(/["\\$]/g, '\\$&')}"\n`);
  await writeFile(join(root, 'etc/ovirt-engine/engine.conf'), lines.join(''), { mode: 0o600 });
});
afterAll(async () => {
  await postgres.stop();
  await rm(root, { recursive: true, force: true });
});

const run = async (...args: string[]) => {
  const { exitCode, stdout, stderr } = await execa(tool, [`--root=${root}`, ...args], { reject: false });
  return { exitCode, stdout, stderr };
};

test('shows options and what they mean', async () => {
  expect((await run('--list')).stdout).toContain('UserSessionTimeOutInterval: Minutes that a session may be idle.');
  expect((await run('-g', 'usersessiontimeoutinterval')).stdout).toBe('UserSessionTimeOutInterval: 30 version: general');
  expect((await run('--all')).stdout.split('\n').length).toBeGreaterThan(10);
  expect((await run('--diff')).stdout).toBe('');
});

test('changes one, and the list of events tells of it', async () => {
  expect(await run('-s', 'UserSessionTimeOutInterval=45')).toMatchObject({
    exitCode: 0,
    stdout: 'UserSessionTimeOutInterval: 45 version: general',
  });
  expect((await run('--diff')).stdout).toBe('UserSessionTimeOutInterval: 45 version: general default: 30');
  const [event] = await postgres.query<{ message: string }>('select message from audit_log order by audit_log_id desc limit 1');
  expect(event?.message).toBe('Option UserSessionTimeOutInterval was set to 45 with engine-config.');
});

test.each([
  [['-s', 'UserSessionTimeOutInterval=never'], 'must be a whole number from 1 to 525600'],
  [['-s', 'UserSessionTimeOutInterval=0'], 'must be a whole number'],
  [['-s', 'ApplicationMode=7'], 'must be one of: 1, 2, 255'],
  [['-s', 'SSHKeyAlias=a b'], 'must be letters'],
  [['-s', 'HostedEngineVmName=a b'], 'must be letters'],
  [['-s', 'InstallationId=x'], 'is not changed by hand'],
  [['-s', 'NoSuch=1'], 'There is no option NoSuch'],
  [['-g', 'NoSuch'], 'There is no option NoSuch'],
  [['-s', 'UserSessionTimeOutInterval'], '--set wants NAME=VALUE'],
  [['--cver=4.3', '--all'], 'one version here'],
  [['--nonsense'], 'cannot be understood'],
  [['--all', '--list'], 'Say one of'],
])('%s is refused', async (args, text) => {
  const { exitCode, stderr } = await run(...args);
  expect(exitCode).toBe(1);
  expect(stderr).toContain(text);
});
