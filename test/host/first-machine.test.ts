import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FirstMachine, nodeName, nodePassword, prepareFirstMachine } from '../support/first-machine.ts';
import { whyNoHosts } from '../support/test-host.ts';
import { eventually } from '../support/trial.ts';
import { expectCode } from '../support/whole-host.ts';

/* The way from two Debian hosts to a virtual machine, gone by a client that knows nothing but the API. */

const obstacle = await whyNoHosts();

describe.skipIf(obstacle !== null)(`the first virtual machine${obstacle === null ? '' : ` (${obstacle})`}`, () => {
  let all: FirstMachine;
  const api: FirstMachine['client']['api'] = (...words) => all.client.api(...words);

  beforeAll(async () => {
    all = await prepareFirstMachine();
    expectCode(await all.engine.setup(), 0);
  });
  afterAll(() => all.remove());

  const statusOf = async (path: string): Promise<string> => String((await api('GET', path))['status']);
  /** Waits for a status of an object, and shows the last events where it does not come. */
  async function becomes(path: string, wanted: string, limitMs = 120_000): Promise<void> {
    let status = '';
    try {
      await eventually(`${path} is ${wanted}`, async () => (status = await statusOf(path)) === wanted || /fail|non_/.test(status), limitMs);
      expect(status).toBe(wanted);
    } catch (error) {
      const { event = [] } = (await api('GET', 'events?max=20')) as { event?: readonly { description: string }[] };
      throw new Error(`${path} is ${status}, not ${wanted}:\n${event.map(({ description }) => description).join('\n')}`, { cause: error });
    }
  }

  test('gets a host: added with the password of root and the fingerprint of its key, it comes up', async () => {
    const [, fingerprint = ''] = (await all.node.shell('ssh-keygen -l -f /etc/ssh/ssh_host_ed25519_key.pub')).split(' ');
    const host = await api(
      'POST',
      'hosts',
      `<host><name>node1</name><address>${nodeName}</address><root_password>${nodePassword}</root_password>
<ssh><fingerprint>${fingerprint}</fingerprint></ssh><cluster><name>Default</name></cluster></host>`,
    );
    expect(host['status']).toBe('installing');
    await becomes(`hosts/${host['id']}`, 'up');
    expect(await all.node.shell('systemctl is-active libvirtd ovirt-host-agent ovirt-host-helper ovirt-imageio-daemon')).toBe(
      'active\n'.repeat(4),
    );
  });
});
