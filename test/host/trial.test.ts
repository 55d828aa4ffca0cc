import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Status } from '../../src/setup/cli/installation.ts';
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
    const first = await host.run(start);
    expect(first.code, first.stdout + first.stderr).toBe(0);
    expect(await servicesOf(host)).toEqual(well);
    await host.cutPower();
    await host.boot();
    const second = await host.run(start);
    expect(second.code, second.stdout + second.stderr).toBe(0);
    expect(await servicesOf(host)).toEqual(well);
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
    expect(await servicesOf(host)).toEqual(well);
    const plan = await host.run([program, 'plan', root]);
    expect(plan.stdout).toContain('0 to change');
  });
});
