import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildPackages, missingTools } from '../../scripts/package.ts';
import type { Status } from '../../src/setup/cli/installation.ts';
import { type TestHost, bootHost, whyNoHosts } from '../support/test-host.ts';
import { eventually } from '../support/trial.ts';

const missing = missingTools();
const obstacle = missing.length > 0 ? `needs ${missing.join(' and ')}` : await whyNoHosts();
const base = '/usr/lib/ovirt-engine';
const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
const versions = [`${version}+first`, `${version}+second`] as const;

interface Trial {
  readonly root: string;
  /** What runs a program as the owner of the trial. */
  readonly by: readonly string[];
}
const ofRoot: Trial = { root: '--root=/srv/trial', by: [] };
const ofAnn: Trial = { root: '--root=/home/ann/trial', by: ['runuser', '-u', 'ann', '--', 'env', 'HOME=/home/ann'] };
// Beside the trial of root, which has the usual ones.
const otherPorts = [
  'OVESETUP_CONFIG/publicHttpsPort=9443',
  'OVESETUP_DB/port=25432',
  'OVESETUP_CONFIG/websocketProxyPort=26100',
  'OVESETUP_CONFIG/imageioProxyPort=54323',
  'OVESETUP_CONFIG/fenceKdumpListenerPort=27410',
].map((answer) => `--set=${answer}`);

describe.skipIf(obstacle !== null)(`the package on a fresh Debian host${obstacle === null ? '' : ` (${obstacle})`}`, () => {
  let host: TestHost;
  let folder: string;
  const packages: string[] = [];

  /** Runs a program that must succeed, and gives what it prints. */
  const succeed = async (...argv: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await host.run(argv);
    expect(code, `${argv.join(' ')}\n${stdout}${stderr}`).toBe(0);
    return stdout;
  };
  const shell = (line: string): Promise<string> => succeed('sh', '-c', line);

  const statusOf = async (trial: Trial, program = 'engine-setup'): Promise<Status> =>
    JSON.parse(await succeed(...trial.by, program, 'status', trial.root, '--json')) as Status;
  /** The folders of versions that services run from. */
  const runningFrom = (): Promise<string> =>
    shell(`for exe in /proc/[0-9]*/exe; do readlink $exe; done 2>/dev/null | sed -n 's,^${base}/\\([^/]*\\)/.*,\\1,p' | sort -u`);

  beforeAll(async () => {
    folder = await mkdtemp('/var/tmp/engine-setup-packages-');
    host = await bootHost();
    for (const suffix of ['+first', '+second']) {
      const [deb = ''] = buildPackages({ into: folder, suffix, epoch: 1_700_000_000, effort: 'quick', kinds: ['deb'] });
      const there = join('/var/tmp', basename(deb));
      await host.copy(deb, there);
      packages.push(there);
    }
  });
  afterAll(async () => {
    await host.remove();
    await rm(folder, { recursive: true, force: true });
  });

  test('is installed without a network, with its manual pages and its programs', async () => {
    await succeed('dpkg', '-i', packages[0] ?? '');
    expect(await succeed('engine-setup', '--version')).toBe(`engine-setup ${versions[0]}\n`);
    for (const name of ['engine-setup', 'engine-config', 'engine-iso-uploader', 'ovirt-aaa-jdbc-tool', 'ovirt-register-sso-client-tool']) {
      expect(await succeed(name, '--help')).not.toBe('');
      expect(await shell(`zcat /usr/share/man/man8/${name}.8.gz`)).toContain('.SH NAME');
    }
    expect(await succeed('dpkg', '--verify', 'engine-setup')).toBe('');
  });

  test('runs a trial of root and one of an ordinary user, and writes nothing below /usr', async () => {
    await succeed('useradd', '--create-home', 'ann');
    await succeed('touch', '/run/before');
    await succeed('engine-setup', 'sandbox', 'start', ofRoot.root);
    await succeed(...ofAnn.by, 'engine-setup', 'sandbox', 'start', ofAnn.root, ...otherPorts);
    expect(await statusOf(ofRoot)).toMatchObject({ state: 'running' });
    expect(await statusOf(ofAnn)).toMatchObject({ state: 'running' });
    expect(await succeed('engine-config', ofRoot.root, '--get=UserSessionTimeOutInterval')).toContain('30');
    expect(await succeed('find', '/usr', '-newer', '/run/before')).toBe('');
    expect(await shell('ls /var/cache/engine-setup /home/ann/.cache/engine-setup')).toContain('compile');
  });

  test('is updated under running services, which notice nothing, and taken back by the link', async () => {
    const before = await statusOf(ofRoot);
    await succeed('dpkg', '-i', packages[1] ?? '');
    expect(await succeed('engine-setup', '--version')).toBe(`engine-setup ${versions[1]}\n`);
    expect(await statusOf(ofRoot)).toEqual(before);
    // What ends now is started again from the sources that it had.
    const engine = before.services.find(({ name }) => name === 'ovirt-engine');
    await succeed('kill', '-KILL', String(engine?.pid));
    await eventually('the engine is back', async () => {
      const { state, services } = await statusOf(ofRoot);
      return state === 'running' && services.find(({ name }) => name === 'ovirt-engine')?.pid !== engine?.pid;
    });
    expect(await runningFrom()).toBe(`${versions[0]}\n`);
    for (const version of versions) {
      await succeed('ln', '-sfn', version, `${base}/current`);
      expect(await succeed('engine-setup', '--version')).toBe(`engine-setup ${version}\n`);
    }
    // The next run takes the trial of root along; the other one stays.
    await succeed('engine-setup', 'sandbox', 'start', ofRoot.root);
    const after = await statusOf(ofRoot);
    expect(after.state).toBe('running');
    expect(after.services.find(({ name }) => name === 'ovirt-engine')?.version).toBe(versions[1]);
    expect(await runningFrom()).toBe(`${versions.join('\n')}\n`);
  });

  test('is removed and purged without stopping a service or touching its data', async () => {
    const removed = await host.run(['dpkg', '-r', 'engine-setup']);
    expect(removed.code, removed.stderr).toBe(0);
    expect(removed.stderr).toContain(`${base}/${versions[0]} stays`);
    await succeed('dpkg', '-P', 'engine-setup');
    expect((await host.run(['engine-setup', '--version'])).code).toBe(127);
    const program = `${base}/${versions[1]}/bin/engine-setup`;
    expect(await statusOf(ofRoot, program)).toMatchObject({ state: 'running' });
    expect(await statusOf(ofAnn, program)).toMatchObject({ state: 'running' });
    await succeed(program, 'sandbox', 'stop', ofRoot.root);
    expect(await shell('ls -d /srv/trial/var/lib/pgsql/data/PG_VERSION /home/ann/trial/etc/pki/ovirt-engine/ca.pem')).not.toBe('');
  });
});
