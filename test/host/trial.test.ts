import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Status } from '../../src/setup/cli/installation.ts';
import { programDirectory } from '../../src/setup/paths.ts';
import { type TestHost, bootHost, programOnHost, whyNoHosts } from '../support/test-host.ts';

const obstacle = await whyNoHosts();
const root = '--root=/srv/trial';
const program = `${programOnHost}/bin/engine-setup`;
const start = [program, 'sandbox', 'start', root];

/** States of the services, by their names. */
async function servicesOf(host: TestHost): Promise<Readonly<Record<string, string | undefined>>> {
  const { stdout } = await host.run([program, 'status', root, '--json']);
  return Object.fromEntries((JSON.parse(stdout) as Status).services.map(({ name, health }) => [name, health]));
}

const well = {
  postgresql: undefined,
  'ovirt-engine': 'ready',
  'ovirt-engine-dwhd': 'ready',
  'ovirt-fence-kdump-listener': 'ready',
  'ovirt-imageio': 'ready',
  'ovirt-websocket-proxy': 'ready',
};

describe.skipIf(obstacle !== null)(`a trial of root on a fresh Debian host${obstacle === null ? '' : ` (${obstacle})`}`, () => {
  let host: TestHost;
  beforeEach(async () => {
    host = await bootHost();
  });
  afterEach(() => host.remove());

  test('is installed, and is up again when it is started after a power cut', async () => {
    // At a terminal nobody is asked either.
    const first = await host.run(['script', '--quiet', '--return', '--command', start.join(' '), '/dev/null']);
    expect(first.code, first.stdout + first.stderr).toBe(0);
    await expect.poll(() => servicesOf(host), { timeout: 60_000 }).toEqual(well);
    await host.cutPower();
    await host.boot();
    const second = await host.run(start);
    expect(second.code, second.stdout + second.stderr).toBe(0);
    await expect.poll(() => servicesOf(host), { timeout: 60_000 }).toEqual(well);
  });

  test.each([
    'Initializing PostgreSQL',
    'Creating CA',
    "Creating/refreshing Engine 'internal' domain database schema",
    'Starting engine service',
  ])('is taken up by the next run when the power is cut at: %s', async (moment) => {
    await host.start(start).until(moment);
    await host.cutPower();
    await host.boot();
    const { code, stdout, stderr } = await host.run(start);
    expect(code, stdout + stderr).toBe(0);
    await expect.poll(() => servicesOf(host), { timeout: 60_000 }).toEqual(well);
    const plan = await host.run([program, 'plan', root]);
    expect(plan.stdout).toContain('0 to change');
  });
});

describe.skipIf(obstacle !== null)(`a trial of an ordinary account on a Debian host${obstacle === null ? '' : ` (${obstacle})`}`, () => {
  let host: TestHost;
  beforeEach(async () => {
    host = await bootHost('equipped');
    await host.run(['useradd', '--create-home', '--shell', '/bin/bash', 'ann']);
  });
  afterEach(() => host.remove());

  test('has every service, and its SSH server lets in whose key the engine knows, as the page of consoles has it', async () => {
    const asAnn = (line: string) =>
      host.run(['runuser', '-u', 'ann', '--', 'env', 'HOME=/home/ann', 'bash', '-c', `cd /home/ann && ${line}`]);
    const first = await asAnn(`${program} sandbox start --allow low-memory --allow disk-space`);
    expect(first.code, first.stdout + first.stderr).toBe(0);
    const { stdout } = await asAnn(`${program} status --root=.sandbox --json`);
    const services = (JSON.parse(stdout) as Status).services.map(({ name, state }) => `${name} ${state}`);
    for (const name of [...Object.keys(well), 'ovirt-provider-ovn', 'ovn-northd', 'ovirt-vmconsole-proxy-sshd'])
      expect(services).toContain(`${name} running`);
    const page = readFileSync(join(programDirectory, 'docs/vm-consoles.md'), 'utf8');
    const [, script = ''] = /^(trial=\$PWD.*?)^```$/ms.exec(page) ?? [];
    expect(script).toContain('localhost info');
    const shown = await asAnn(script);
    expect(shown.stdout, shown.stderr).toMatch(/^user: admin@internal$/m);
    // The same way without a key of anybody's, and to another account.
    const ssh = 'ssh -p 12222 -o BatchMode=yes -o IdentitiesOnly=yes -o UserKnownHostsFile=.sandbox/known_hosts';
    await asAnn("ssh-keygen -q -t ed25519 -N '' -f stranger");
    expect((await asAnn(`${ssh} -i stranger ann@localhost info`)).stderr).toContain('Permission denied (publickey)');
    expect((await asAnn(`${ssh} -i .sandbox/my-key root@localhost info`)).stderr).toContain('Permission denied (publickey)');
    expect((await asAnn(`${ssh} -i .sandbox/my-key ann@localhost id`)).stdout).not.toContain('uid=');
  });
});
