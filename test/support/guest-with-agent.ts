import { statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Json } from './api-calls.ts';
import type { FirstMachine } from './first-machine.ts';
import { guest, makeGuestDisc } from './guest-disc.ts';
import { inGuest } from './guest-shell.ts';
import { eventually } from './trial.ts';

/** Hosts with a virtual machine that is down, as the tests before have left them. */
export interface Stage {
  readonly hosts: () => FirstMachine;
  /** The path of the machine, which has a serial console. */
  readonly machine: () => string;
  /** Waits for a status of an object. */
  readonly becomes: (path: string, wanted: string, word?: string, limitMs?: number) => Promise<void>;
  /** Makes a disk of an image, and gives its id. */
  readonly upload: (file: string, name: string, more: string) => Promise<string>;
  /** Types what the walkthrough says of a guest: shows what it tells, has it rebooted with the reason `a new kernel`, and shows the event. */
  readonly looksAndReboots: () => Promise<string>;
}

/** Puts the network card of a compute host into the bridge of the management network, as an administrator does who configures networks on their own. */
const bridge = `ip link add ovirtmgmt type bridge && ip link set ovirtmgmt up
address=$(ip -brief -4 address show wire0 | awk '{ print $3 }')
ip address del $address dev wire0 && ip link set wire0 master ovirtmgmt && ip address add $address dev ovirtmgmt`;

/** Has a guest that is asked to shut down wait until it is told to go on, as one does whose services take their time. */
const linger = `cat >/sbin/shutdown <<'END'
#!/bin/sh
until [ -e /run/go-on ]; do sleep 1; done
poweroff -f
END`;

/** Tests of a machine whose guest has an agent: what is told of it, and what it is asked for. Each goes on from the one before. */
export function testGuestWithAgent({ hosts, machine, becomes, upload, looksAndReboots }: Stage): void {
  const api: FirstMachine['client']['api'] = (...words) => hosts().client.api(...words);
  const shell = (line: string): Promise<string> => hosts().node.shell(line);
  const id = (): string => machine().slice('vms/'.length);
  const run = (script: string): Promise<string> => inGuest(hosts().node.path(`/run/ovirt-vmconsole-console/${id()}.sock`), script);
  const found = async (): Promise<Json> => api('GET', machine());
  const hears = (): Promise<void> => eventually('its agent is heard', async () => (await found())['fqdn'] === guest.name, 120_000);
  const last = async (): Promise<string> => String((await api('GET', `events?max=1&search=vm%3Dvm1`))['event'][0]['description']);
  const boot = async (): Promise<string> => /^[0-9a-f-]{36}(?=\r)/m.exec(await run('cat /proc/sys/kernel/random/boot_id'))?.[0] ?? '';

  /** It starts, and is up when its agent is heard of, which nothing here leaves a minute for. */
  async function starts(): Promise<void> {
    await api('POST', `${machine()}/start`, '<action/>');
    await eventually(
      'its agent listens',
      async () => /guest_agent.0' state='connected'/.test(await shell(`virsh --connect qemu:///system dumpxml vm1`).catch(() => '')),
      240_000,
    );
    await becomes(machine(), 'up', 'status', 20_000);
  }

  describe('with an agent in its guest', () => {
    let mac = '';

    beforeAll(async () => {
      const disc = await makeGuestDisc();
      const size = `<provisioned_size>${statSync(disc).size}</provisioned_size>`;
      const image = await upload(disc, 'guest.iso', `${size}<format>raw</format><content_type>iso</content_type>`);
      await rm(dirname(disc), { recursive: true });
      await shell(bridge);
      const host = `hosts/${(await api('GET', 'hosts'))['host'][0]['id']}`;
      await api('POST', `${host}/refresh`, '<action/>');
      await eventually('the bridge is known', async () =>
        ((await api('GET', `${host}/nics`))['host_nic'] as readonly Json[]).some(({ bridged }) => bridged === 'true'),
      );
      const nic = await api('POST', `${machine()}/nics`, '<nic><name>nic2</name><network><name>ovirtmgmt</name></network></nic>');
      mac = nic['mac']['address'] as string;
      await api('PUT', `${machine()}/cdroms/00000000-0000-0000-0000-000000000000`, `<cdrom><file id="${image}"/></cdrom>`);
      await api('PUT', machine(), '<vm><os><boot><devices><device>cdrom</device></devices></boot></os></vm>');
    });

    test('is up as soon as that is heard of, and has the name, the system and the addresses that it tells', async () => {
      await starts();
      await hears();
      const search = encodeURIComponent(`fqdn=${guest.name} and ip=${guest.address}`);
      const { vm } = await api('GET', `vms?search=${search}&all_content=true&follow=nics,reported_devices,applications,sessions`);
      const device = {
        ...{ name: 'eth0', type: 'network', description: 'guest reported data', mac: { address: mac } },
        ips: { ip: expect.arrayContaining([{ address: guest.address, version: 'v4' }]) },
      };
      expect(vm).toMatchObject([
        {
          ...{ name: 'vm1', status: 'up', fqdn: guest.name, guest_time_zone: { name: 'UTC', utc_offset: '00:00' } },
          guest_operating_system: {
            ...{ architecture: 'x86_64', distribution: 'Debian GNU/Linux', family: 'Linux', version: { full_version: '12', major: '12' } },
            kernel: { version: { full_version: expect.stringMatching(/^6\.1\.0-\d+-amd64$/), major: '6', minor: '1' } },
          },
          reported_devices: { reported_device: [device] },
          nics: { nic: [{ name: 'nic1' }, { name: 'nic2', reported_devices: { reported_device: [device] } }] },
          applications: { application: [{ name: expect.stringMatching(/^kernel-6\.1\.0-/) }, { name: 'qemu-guest-agent' }] },
          sessions: {},
        },
      ]);
    });

    test('is paused, and goes on with what was told of it', async () => {
      await shell('virsh --connect qemu:///system suspend vm1');
      await becomes(machine(), 'paused');
      await expect(api('POST', `${machine()}/shutdown`, '<action/>')).rejects.toThrow('409');
      await api('POST', `${machine()}/start`, '<action/>');
      await becomes(machine(), 'up');
      expect(await found()).toMatchObject({ fqdn: guest.name });
    });

    test('starts anew when it is asked to, in the same process', async () => {
      const before = [await shell('pidof qemu-system-x86_64'), await boot()];
      expect(await looksAndReboots()).toMatch(new RegExp(`Debian GNU/Linux[^]*${guest.address}[^]*Rebooting VM vm1 was asked for`));
      await becomes(machine(), 'reboot_in_progress');
      expect(await last()).toMatch(/^Rebooting VM vm1 was asked for by admin@internal\b.*\. Reason: a new kernel\.$/);
      await becomes(machine(), 'up');
      await hears();
      const after = [await shell('pidof qemu-system-x86_64'), await boot()];
      expect(after).toEqual([before[0], expect.stringMatching(/^[0-9a-f]{8}-/)]);
      expect(after[1]).not.toBe(before[1]);
    });

    test('is told nothing of any more when that has gone, until it is back', async () => {
      await run('kill $(pidof qemu-ga)');
      await eventually('nothing is told', async () => !('fqdn' in (await found())));
      expect(await found()).toMatchObject({ status: 'up' });
      for (const rel of ['reporteddevices', 'applications']) expect(await api('GET', `${machine()}/${rel}`)).toEqual({});
      await run(`qemu-ga -m virtio-serial -p ${guest.port} -t /run &`);
      await hears();
    });

    test('ends when it is asked to, and that is told with who has asked, and why', async () => {
      await run(linger);
      await api('POST', `${machine()}/shutdown`, '<action><reason>the night</reason></action>');
      await becomes(machine(), 'powering_down');
      expect(await last()).toMatch(/^Shutting down VM vm1 was asked for by admin@internal\b.*\. Reason: the night\.$/);
      await run('touch /run/go-on').catch(() => undefined);
      await becomes(machine(), 'down');
      expect(await last()).toBe('Virtual machine vm1 is down: Admin shut down from the engine.');
      expect(await found()).toMatchObject({ stop_reason: 'the night' });
      expect(await found()).not.toHaveProperty('fqdn');
      expect(await api('GET', `${machine()}/reporteddevices`)).toEqual({});
    });

    test('ends by itself, and that is told as well', async () => {
      await starts();
      await run('(sleep 1; poweroff -f) &');
      await becomes(machine(), 'down');
      expect(await last()).toBe('Virtual machine vm1 is down: User shut down from within the guest.');
      expect(await found()).not.toHaveProperty('stop_reason');
    });
  });
}
