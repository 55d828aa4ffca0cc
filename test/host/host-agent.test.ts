import { copyFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { domainXml } from '../../src/services/engine/machines/domain-xml.ts';
import type { AgentClient } from '../support/agent-client.ts';
import { type AgentHost, startAgentHost } from '../support/agent-host.ts';
import { guest, makeGuestDisc } from '../support/guest-disc.ts';
import { inGuest } from '../support/guest-shell.ts';
import { hasInstaller } from '../support/installer-disc.ts';
import { linkSpice, spiceAnswers } from '../support/spice-client.ts';
import { type KilledVerb, killedVerbs } from '../support/killed-verbs.ts';
import { whyNoHosts } from '../support/test-host.ts';
import { eventually } from '../support/trial.ts';
import { definition } from '../support/vm-definition.ts';
import { machineDefinition } from '../support/machine-definition.ts';

/*
 * The host agent with libvirt and QEMU, without KVM: its machines boot from disks of one sector, whose program talks on the serial port or
 * presses the power button.
 */

const obstacle = await whyNoHosts();
const uuid = (letter: string): string => `${letter.repeat(8)}-1111-4111-8111-111111111111`;
const domain = `/rhev/data-center/${uuid('a')}/${uuid('b')}`;
const image = (name: string): string => `${domain}/images/${uuid('c')}/${name}`;
const consoles = '/var/run/ovirt-vmconsole-console';

/** Says so on the serial port, again and again. */
const talker = Buffer.concat([
  Buffer.from('31c08ed8baf803be197cac84c07403eeebf8b9ffffe2feebeb', 'hex'),
  Buffer.from('the guest is here\r\n\0'),
]);
/** Has the machine switched off, as a guest does that has shut down. */
const ender = Buffer.from('ba0406b80020eff4', 'hex');
/** Sets its clock to the year 2040. */
const traveller = Buffer.from('fab009e670b040e671f4ebfd', 'hex');
const bootable = (program: Buffer): Buffer =>
  Buffer.concat([program, Buffer.alloc(510 - program.length), Buffer.of(0x55, 0xaa), Buffer.alloc(1024 * 1024 - 512)]);

const disk = (name: string): string =>
  `<disk type="file" device="disk"><target dev="sda" bus="sata"/><source file="${image(name)}"/><driver name="qemu" type="raw"/><boot order="2"/></disk>`;

describe.skipIf(obstacle !== null)(`the host agent${obstacle === null ? '' : ` (${obstacle})`}`, () => {
  let agent: AgentHost;
  let client: AgentClient;
  const shell = (line: string): Promise<string> => agent.shell(line);
  const statusOf = (id: string) => async (): Promise<string> =>
    (await client.result<{ vmId: string; status: string }[]>('Host.getVMList', { onlyUUID: false })).find(({ vmId }) => vmId === id)
      ?.status ?? 'not there';
  const reaches = (id: string, status: string): Promise<void> =>
    client.seesEvent(({ method, params }) => method.endsWith(id) && (params[id] as { status: string } | undefined)?.status === status);
  const create = (id: string, changes: Parameters<typeof definition>[0] = {}) =>
    client.call('VM.create', { vmID: id, vmParams: { xml: definition({ id, name: `vm-${id.slice(0, 2)}`, diskless: true, ...changes }) } });

  beforeAll(async () => {
    agent = await startAgentHost();
    await shell(`mkdir -p ${domain}/images/${uuid('c')}`);
    for (const [name, program] of Object.entries({ talker, ender, traveller }))
      await writeFile(agent.host.path(image(name)), bootable(program));
    await shell(`chown -R vdsm:kvm ${domain} && chmod 660 ${domain}/images/*/*`);
    await shell('systemctl start ovirt-host-helper');
    client = await agent.ready();
  });
  afterAll(async () => {
    client.end();
    await agent.remove();
  });

  test('tells what the host can, as clients read it', async () => {
    const found = await client.result<Record<string, unknown>>('Host.getCapabilities');
    expect(found).toMatchObject({ kvmEnabled: 'false', supportedENGINEs: expect.arrayContaining(['4.5']), version_name: 'Snow Man' });
    expect(found['emulatedMachines']).toEqual(expect.arrayContaining(['q35', 'pc']));
    expect(found['cpuFlags']).toContain('model_qemu64');
    expect(found['displayTypes']).toEqual(['vnc', 'spice']);
    expect(typeof found['memSize']).toBe('string');
    expect(await client.result('Host.getStats')).toMatchObject({
      vmCount: 0,
      cpuIdle: expect.any(String),
      dateTime: expect.stringMatching(/ GMT$/),
    });
    expect(await client.result('Host.getHardwareInfo')).toMatchObject({ systemUUID: found['uuid'] });
  });

  test('runs a machine from its disk, with a serial console, and tells each step', async () => {
    const id = uuid('1');
    expect(await create(id, { devices: disk('talker') })).toMatchObject({ result: { vmId: id, status: 'WaitForLaunch' } });
    expect(await create(id)).toMatchObject({ error: { code: 4 } });
    await reaches(id, 'Powering up');
    expect(await shell(`timeout 20 socat -u UNIX:${consoles}/${id}.sock - | head -c 400`)).toContain('the guest is here');
    const [statistics] = await client.result<Record<string, unknown>[]>('VM.getStats', [id]);
    expect(statistics).toMatchObject({ vmId: id, kvmEnable: 'false', displayInfo: [{ type: 'vnc', port: '5900' }] });
    expect((await client.result<unknown[]>('Host.getAllVmStats')).length).toBe(1);
    expect((await client.result<Record<string, string>>('Host.dumpxmls', [[id]]))[id]).toContain(image('talker'));
    expect(await client.result('Host.getVMFullList', [[id]])).toMatchObject([{ vmId: id, hash: statistics?.['hash'] }]);
  });

  test('has it paused, resumed, reset and photographed', async () => {
    const id = uuid('1');
    expect(await client.result('VM.pause', [id])).toEqual({ vmList: {} });
    expect(await statusOf(id)()).toBe('Paused');
    await client.result('VM.cont', [id]);
    // Its guest has not been heard of, nor has it been given its minute.
    await eventually('it goes on', async () => (await statusOf(id)()) === 'Powering up');
    expect(await client.result('VM.reset', [id])).toBe(true);
    await reaches(id, 'RebootInProgress');
    const picture = Buffer.from(await client.result<string>('VM.screenshot', [id]), 'base64');
    expect(await client.result('VM.setBalloonTarget', [id, 49_152])).toEqual({ code: 0, message: 'Done' });
    expect(await client.call('VM.setBalloonTarget', [id, 1_000_000_000])).toMatchObject({ error: { code: 53 } });
    expect(picture.subarray(0, 8).toString('latin1')).toBe('\x89PNG\r\n\x1a\n');
  });

  test('opens its display with a ticket, and its drive for images alone', async () => {
    const id = uuid('1');
    const ticket = {
      deviceType: 'graphics',
      graphicsType: 'vnc',
      password: 'canary-8',
      ttl: 120,
      existingConnAction: 'disconnect',
      disconnectAction: 'LOCK_SCREEN',
    };
    expect(await client.call('VM.updateDevice', { vmID: id, params: ticket })).toMatchObject({ result: { vmId: id } });
    expect(await client.call('VM.updateDevice', { vmID: id, params: { ...ticket, password: 'canary-of-more-than-8' } })).toMatchObject({
      error: { code: 18 },
    });
    expect(await shell('journalctl --unit=agent')).not.toContain('canary');
    expect(await client.call('VM.changeCD', [id, '/etc/shadow'])).toMatchObject({ error: { code: 13 } });
    const { hash } = await client.result<{ hash: string }>('VM.changeCD', {
      vmID: id,
      driveSpec: { path: image('ender'), iface: 'sata', index: '2' },
    });
    expect((await client.result<{ hash: string }>('VM.changeCD', [id, ''])).hash).not.toBe(hash);
  });

  test('goes without the agent, which finds it again, and leaves alone what is not from the engine', async () => {
    const id = uuid('1');
    const running = await shell('virsh -c qemu:///system list --uuid');
    await shell(`virsh -c qemu:///system create /dev/stdin <<'END'
<domain type='qemu'><name>stranger</name><uuid>${uuid('2')}</uuid><memory unit='MiB'>32</memory><os><type>hvm</type></os></domain>
END`);
    await eventually('it is Up', async () => (await statusOf(uuid('2'))()) === 'Up');
    await shell('kill -KILL $(systemctl show --property MainPID --value agent)');
    client = await agent.ready();
    expect(await statusOf(id)()).toBe('Up');
    expect(await statusOf(uuid('2'))()).toBe('Up');
    expect(await shell('virsh -c qemu:///system list --uuid')).toContain(running.trim());
    expect(await client.result('VM.getStats', [id])).toMatchObject([{ vmName: 'vm-11', displayInfo: [{ type: 'vnc' }] }]);
  });

  test('finds it again after libvirt was away', async () => {
    await shell('systemctl restart libvirtd');
    await eventually('libvirt is back', async () => (await client.call('VM.pause', [uuid('1')])).error === undefined);
    await client.result('VM.cont', [uuid('1')]);
  });

  test('tells how each of them ended, and lists it until it is destroyed', async () => {
    const [self, lost] = [uuid('3'), uuid('4')];
    await create(self, { devices: disk('ender') });
    await reaches(self, 'Down');
    expect(await client.result('VM.getStats', [self])).toMatchObject([{ status: 'Down', exitCode: 0, exitReason: 7 }]);
    await create(lost);
    await reaches(lost, 'Powering up');
    await shell(`pkill --signal KILL --full guest=[v]m-44`);
    await reaches(lost, 'Down');
    expect(await client.result('VM.getStats', [lost])).toMatchObject([{ exitCode: 1, exitReason: 2 }]);
    await client.result('VM.destroy', [uuid('1'), 1]);
    for (const id of [self, lost]) expect(await client.result('VM.destroy', [id])).toBe(true);
    expect(await client.call('VM.destroy', [self])).toMatchObject({ error: { code: 1 } });
    expect(await client.result('Host.getVMList')).toEqual([uuid('2')]);
    // Whose a volume is has not changed.
    expect(await shell(`stat --format %U:%G ${image('ender')}`)).toBe('vdsm:kvm\n');
  });

  test('tells how those ended that have done so while the agent was away', async () => {
    const [self, lost, other] = [uuid('3'), uuid('0'), uuid('a')];
    await create(self, { devices: disk('ender'), paused: true });
    for (const id of [lost, other]) await create(id);
    await Promise.all([
      eventually('it is paused', async () => (await statusOf(self)()) === 'Paused'),
      reaches(lost, 'Powering up'),
      reaches(other, 'Powering up'),
    ]);
    const process = (await shell('systemctl show --property MainPID --value agent')).trim();
    await shell(`kill -STOP ${process} && export LIBVIRT_DEFAULT_URI=qemu:///system && pkill --signal KILL --full guest=[v]m-00
      virsh resume ${self} && virsh destroy ${other}
      timeout 20 sh -c 'while virsh list --uuid | grep -E "${self}|${lost}"; do sleep 0.1; done'; kill -KILL ${process}`);
    client = await agent.ready();
    const ends = [
      [self, { exitCode: 0, exitReason: 7 }],
      [lost, { exitCode: 1, exitReason: 2 }],
      [other, { exitCode: 0, exitReason: 11 }],
    ] as const;
    for (const [id, end] of ends) {
      expect(await client.result('VM.getStats', [id])).toMatchObject([{ status: 'Down', ...end }]);
      await client.result('VM.destroy', [id]);
    }
  });

  test('tells of the clock that a guest has set, also when it has ended', async () => {
    const id = uuid('a');
    const offset = async () => Number((await client.result<{ timeOffset: string }[]>('VM.getStats', [id]))[0]?.timeOffset);
    await create(id, { devices: disk('traveller') });
    await eventually('its clock is years ahead', async () => (await offset()) > 10 * 365 * 86_400);
    await client.result('VM.shutdown', { vmID: id, force: true, timeout: 0 });
    await eventually('it is off', async () => (await statusOf(id)()) === 'Down');
    expect(await offset()).toBeGreaterThan(10 * 365 * 86_400);
    await client.result('VM.destroy', [id]);
  });

  describe('killed in the middle of', () => {
    const id = uuid('c');
    const definition = { devices: `${disk('talker')}<graphics type="spice" port="-1" autoport="yes"/>` };
    const xml = async (): Promise<string> => (await client.result<Record<string, string>>('Host.dumpxmls', [[id]]))[id] ?? '';
    const is =
      (...wanted: readonly string[]) =>
      () =>
        eventually(`it is ${wanted[0]}`, async () => wanted.includes(await statusOf(id)()));
    const runs = is('Up', 'Powering up', 'RebootInProgress');
    const ticket = { deviceType: 'graphics', graphicsType: 'vnc', password: 'canary-8', ttl: 120, existingConnAction: 'disconnect' };
    let kill: Awaited<ReturnType<typeof killedVerbs>>;

    beforeAll(async () => {
      kill = await killedVerbs({ agent, id, create: () => create(id, definition), connected: (next) => (client = next) });
    });

    const verbs: readonly KilledVerb[] = [
      { verb: 'VM.create', from: 'gone', done: [4], reached: runs },
      { verb: 'VM.screenshot', from: 'runs', reached: runs },
      { verb: 'VM.setTicket', params: { password: 'canary-8', ttl: 60 }, from: 'runs', reached: runs },
      { verb: 'VM.updateDevice', params: { params: ticket }, from: 'runs', reached: runs },
      {
        verb: 'VM.changeCD',
        params: { driveSpec: { path: image('ender'), iface: 'sata', index: '2' } },
        from: 'runs',
        reached: async () => expect((await xml()).split(image('ender'))).toHaveLength(2),
      },
      { verb: 'VM.pause', from: 'runs', reached: is('Paused') },
      { verb: 'VM.cont', from: 'paused', reached: runs },
      { verb: 'VM.reset', from: 'runs', reached: runs },
      { verb: 'VM.shutdown', params: { force: true, timeout: 0 }, from: 'runs', done: [6], reached: is('Down') },
      { verb: 'VM.destroy', from: 'runs', done: [1], reached: is('not there') },
    ];
    test.each(verbs)('$verb, it comes to its end when it is asked for again', (wanted) => kill(wanted));

    test('leaves nothing over', async () => {
      expect(await client.result('Host.getVMList')).toEqual([uuid('2')]);
      const left = `ls /run/host-agent/machines; ls ${consoles} /run/libvirt/qemu | grep -E 'vm-cc|${id}' || true`;
      expect(await shell(left)).toBe(`${uuid('2')}.json\n`);
    });
  });

  test('starts firmware of both kinds on machines of both kinds', async () => {
    const [uefi, old] = [uuid('5'), uuid('6')];
    const firmware = '<type machine="q35">hvm</type><loader type="pflash" readonly="yes" secure="no">/usr/share/elsewhere.fd</loader>';
    await create(uefi, { os: firmware });
    const params = { vmId: old, vmName: 'old', memSize: '64', smp: '1', emulatedMachine: 'pc', display: 'vnc', devices: [] };
    expect(await client.call('VM.create', { vmID: old, vmParams: params })).toMatchObject({ result: { status: 'WaitForLaunch' } });
    await Promise.all([reaches(uefi, 'Powering up'), reaches(old, 'Powering up')]);
    const xml = await client.result<Record<string, string>>('Host.dumpxmls', [[uefi, old]]);
    expect(xml[uefi]).toMatch(/OVMF_CODE/);
    expect(xml[old]).toMatch(/machine='pc-i440fx-/);
    // It has no system that could hear of it. That it is switched off holds whoever is started anew meanwhile.
    expect(await client.result('VM.shutdown', { vmID: old, force: true, timeout: 4 })).toBe(true);
    await shell('kill -KILL $(systemctl show --property MainPID --value agent) && systemctl restart libvirtd');
    client = await agent.ready();
    await eventually('it is switched off', async () => (await statusOf(old)()) === 'Down');
    expect(await client.result('VM.getStats', [old])).toMatchObject([{ exitReason: 6 }]);
    await client.result('VM.destroy', [uefi]);
  });

  test('starts machines as the engine defines them, of each kind, with all that they can have', async () => {
    const iso = `${domain}/images/11111111-1111-1111-1111-111111111111`;
    await shell(`mkdir -p ${iso} && dd if=/dev/zero of=${iso}/'a & b.iso' bs=1M count=1 status=none && chown -R vdsm:kvm ${domain}`);
    const device = (type: string, kind: string) => ({ id: uuid('d'), type, device: kind, specs: {} });
    const { systemUUID } = await client.result<{ systemUUID: string }>('Host.getHardwareInfo');
    for (const [at, biosType] of [1, 2, 3].entries()) {
      const id = uuid(['9', 'e', 'f'][at]!);
      const machine = machineDefinition({
        ...{ id, name: `engine's <own> & "${biosType}"`, biosType, emulatedMachine: null, pool: uuid('a'), disks: [], nics: [] },
        ...{
          memoryMb: 64,
          maxMemoryMb: 256,
          sockets: 2,
          cores: 2,
          bootMenu: true,
          bootDevices: ['cdrom', 'hd'],
          timeZone: 'Europe/Berlin',
        },
        cds: [{ id: uuid('c'), content: { kind: 'file', domain: uuid('b'), file: 'a & b.iso' } }],
        ...{ ioThreads: 2, monitors: 2, serialNumber: 'host' },
        devices: [device('graphics', 'vnc'), device('video', 'qxl'), device('console', 'console'), device('rng', 'urandom')],
      });
      const params = { vmID: id, vmParams: { xml: domainXml(machine, new Date()) } };
      expect(await client.call('VM.create', params)).toMatchObject({ result: { status: 'WaitForLaunch' } });
      await eventually('it runs, or is down', async () => (await statusOf(id)()) !== 'WaitForLaunch');
      const [statistics] = await client.result<{ status: string; exitMessage?: string }[]>('VM.getStats', [id]);
      expect(statistics, statistics?.exitMessage).toMatchObject({ status: 'Powering up', vcpuCount: '4', displayInfo: [{ type: 'vnc' }] });
      const xml = (await client.result<Record<string, string>>('Host.dumpxmls', [[id]]))[id];
      for (const said of [`${iso}/a &amp; b.iso`, "heads='2'", '<iothreads>2<', `<entry name='serial'>${systemUUID}<`])
        expect(xml).toContain(said);
      await client.result('VM.changeCD', { vmID: id, driveSpec: { path: '', iface: biosType === 1 ? 'ide' : 'sata', index: '2' } });
      await client.result('VM.destroy', [id]);
    }
  });

  describe.skipIf(!hasInstaller)('with an agent in its guest', () => {
    const id = uuid('d');
    const mac = '56:6f:1a:2b:00:01';
    const statistics = async () => (await client.result<Record<string, unknown>[]>('VM.getStats', [id]))[0];
    const tells = (what: object): Promise<void> =>
      vi.waitFor(async () => expect(await statistics()).toMatchObject(what), { timeout: 120_000, interval: 200 });
    const run = (script: string): Promise<string> => inGuest(agent.host.path(`/run/ovirt-vmconsole-console/${id}.sock`), script);
    /**
     * Has another program in the place of the agent: it answers when it is asked whether it is there, and then what it likes. QEMU tells of a port
     * once in a second.
     */
    const replaceAgent = (otherwise: string): Promise<void> =>
      run(`kill $(pidof qemu-ga) $(cat /run/liar); wait; while pidof qemu-ga; do sleep 1; done; sleep 2
cat >/run/liar.sh <<'END'
exec 3<>${guest.port}
while true; do
  # Nobody is there yet, or any more.
  read -r line <&3 || { sleep 1; continue; }
  id=\${line##*'"id":'}
  case $line in
    *guest-sync-delimited*) printf '\\377{"return":%s}\\n' \${id%%'}'*} >&3 ;;
    *guest-sync*) printf '{"return":%s}\\n' \${id%%'}'*} >&3 ;;
    *) ${otherwise} ;;
  esac
done
END
sh /run/liar.sh & echo $! >/run/liar`).then(() =>
        eventually('it listens', async () => /guest_agent.0' state='connected'/.test(await shell(`virsh -c qemu:///system dumpxml ${id}`))),
      );

    beforeAll(async () => {
      const disc = await makeGuestDisc();
      await copyFile(disc, agent.host.path(image('guest')));
      await rm(dirname(disc), { recursive: true });
      await shell(`chown vdsm:kvm ${image('guest')} && chmod 660 ${image('guest')}
        ip link add guests type bridge && ip link set guests up
        ip address add 192.0.2.78/32 dev guests && ip route add ${guest.address}/32 dev guests`);
      const filter = '<filterref filter="vdsm-no-mac-spoofing"/>';
      const nic = `<interface type="bridge"><mac address="${mac}"/><source bridge="guests"/><model type="virtio"/>${filter}</interface>`;
      expect(await create(id, { devices: disk('guest') + nic, memoryKib: 196_608 })).not.toHaveProperty('error');
    });

    test('is up when that is heard of, and has its name, its system and its addresses', async () => {
      await reaches(id, 'Up');
      await tells({
        ...{ status: 'Up', guestName: 'guest', guestFQDN: guest.name, guestIPs: guest.address },
        netIfaces: [{ name: 'eth0', hw: mac, inet: [guest.address] }],
        guestOsInfo: { type: 'linux', distribution: 'Debian GNU/Linux', version: '12', arch: 'x86_64' },
      });
    });

    test('tells how much of its memory it uses, again and again', async () => {
      const told: string[] = [];
      const memory = async (): Promise<readonly string[]> => {
        const { memUsage, memoryStats } = (await statistics()) as { memUsage?: string; memoryStats: { mem_unused?: string } };
        expect(Number(memUsage)).toBeGreaterThan(0);
        expect(Number(memUsage)).toBeLessThan(100);
        if (memoryStats.mem_unused !== undefined && !told.includes(memoryStats.mem_unused)) told.push(memoryStats.mem_unused);
        return told;
      };
      await run(`dd if=/dev/zero of=/run/ballast bs=1M count=16`);
      await vi.waitFor(async () => expect((await memory()).length).toBeGreaterThan(1), { timeout: 120_000, interval: 500 });
      await run('rm /run/ballast');
    });

    test('sends with the address of its network card alone', async () => {
      /** What the host has found of the guest, when something was sent to it. */
      const found = () =>
        shell(
          `ip neigh flush dev guests; curl --silent --max-time 4 http://${guest.address}/ || ip neigh show ${guest.address} dev guests`,
        );
      const become = (address: string) => run(`ip link set eth0 down; ip link set eth0 address ${address}; ip link set eth0 up`);
      expect(await shell('virsh -c qemu:///system nwfilter-binding-list')).toMatch(/vdsm-no-mac-spoofing/);
      await become('56:6f:1a:2b:00:99');
      expect(await found()).toMatch(/FAILED|INCOMPLETE/);
      await become(mac);
      expect(await found()).toContain(`lladdr ${mac}`);
    });

    test('is started anew by it', async () => {
      expect(await client.result('VM.shutdown', { vmID: id, reboot: true })).toBe(true);
      await tells({ status: 'RebootInProgress', guestFQDN: '' });
      await tells({ status: 'Up', guestFQDN: guest.name });
    });

    test('goes on being watched when that is gone, or says nothing any more', async () => {
      await replaceAgent(':');
      await tells({ status: 'Up', guestFQDN: '' });
      // libvirt does not wait for its answers forever.
      expect(await shell('cat /run/libvirt/qemu/vm-dd.xml')).toContain('<agentTimeout>5</agentTimeout>');
      expect(await client.result('VM.pause', [id])).toEqual({ vmList: {} });
      await client.result('VM.cont', [id]);
      await tells({ status: 'Up' });
    });

    test('tells no more than others when that has much to say', async () => {
      await replaceAgent(`case $line in
        *host-name*) name=x; for one in 1 2 3 4 5 6 7 8 9 10 11 12 13 14; do name=$name$name; done; printf '{"return":{"host-name":"%s"}}\\n' $name >&3 ;;
        *) printf '{"error":{"class":"CommandNotFound","desc":"%s"}}\\n' no >&3 ;;
      esac`);
      await tells({ status: 'Up', guestFQDN: 'x'.repeat(255) });
    });

    test('ends when it is asked to', async () => {
      await run(`kill $(cat /run/liar); wait; sleep 2\nqemu-ga -m virtio-serial -p ${guest.port} -t /run &`);
      await tells({ guestFQDN: guest.name });
      expect(await client.result('VM.shutdown', { vmID: id })).toBe(true);
      await reaches(id, 'Down');
      expect(await statistics()).toMatchObject({ exitCode: 0, exitReason: 6 });
      await client.result('VM.destroy', [id]);
    });
  });

  test('shows a machine through SPICE and VNC at once, to those who have a ticket, and with TLS alone', async () => {
    const id = uuid('b');
    const devices = '<graphics type="spice" port="-1" tlsPort="-1" autoport="yes"/><video><model type="qxl"/></video>';
    expect(await create(id, { devices: disk('talker') + devices })).not.toHaveProperty('error');
    await reaches(id, 'Powering up');
    const [statistics] = await client.result<{ displayInfo: { type: string; tlsPort: string }[] }[]>('VM.getStats', [id]);
    expect(statistics).toMatchObject({
      displayInfo: expect.arrayContaining([
        expect.objectContaining({ type: 'vnc', port: expect.stringMatching(/^59/) }),
        expect.objectContaining({ type: 'spice', port: '-1', tlsPort: expect.stringMatching(/^59/) }),
      ]),
    });
    const port = statistics?.displayInfo.find(({ type }) => type === 'spice')?.tlsPort;
    await shell(`systemd-run --quiet --collect socat UNIX-LISTEN:/run/spice.sock,fork TCP:127.0.0.1:${port}
timeout 20 sh -c 'until [ -S /run/spice.sock ]; do sleep 0.05; done'`);
    const link = (password: string) =>
      linkSpice({ path: agent.host.path('/run/spice.sock'), name: 'localhost', ca: agent.pki.ca }, password);
    const ticket = {
      deviceType: 'graphics',
      graphicsType: 'spice',
      password: 'canary-of-spice',
      ttl: 120,
      existingConnAction: 'disconnect',
    };
    expect(await link('')).toBe(spiceAnswers.permissionDenied);
    expect(await client.call('VM.updateDevice', { vmID: id, params: ticket })).toMatchObject({ result: { vmId: id } });
    expect(await link('canary-of-spicE')).toBe(spiceAnswers.permissionDenied);
    expect(await link('canary-of-spice')).toBe(spiceAnswers.ok);
    await client.result('VM.updateDevice', { vmID: id, params: { ...ticket, ttl: 0 } });
    expect(await link('canary-of-spice')).toBe(spiceAnswers.permissionDenied);
    expect(await client.call('VM.updateDevice', { vmID: id, params: { ...ticket, password: 'x'.repeat(61) } })).toMatchObject({
      error: { code: 18 },
    });
    await client.result('VM.destroy', [id]);
  });

  test('tells why one could not be started', async () => {
    const id = uuid('7');
    await create(id, { devices: '<interface type="bridge"><source bridge="nowhere"/></interface>' });
    await reaches(id, 'Down');
    expect(await client.result('VM.getStats', [id])).toMatchObject([
      { exitCode: 1, exitReason: 3, exitMessage: expect.stringContaining('nowhere') },
    ]);
    expect(await create(uuid('8'), { top: '<seclabel type="none"/>' })).toMatchObject({
      error: { code: 9, message: expect.stringContaining('seclabel') },
    });
    expect(await statusOf(uuid('8'))()).toBe('not there');
  });

  test('speaks with a client that is not ours', async () => {
    const frames = [
      'SUBSCRIBE\ndestination:jms.topic.vdsm_responses\nid:1\nack:auto\n\n\\0',
      'CONNECT\naccept-version:1.2\nhost:x\nheart-beat:0,24000\n\n\\0',
      'SEND\ndestination:jms.topic.vdsm_requests\nreply-to:jms.topic.vdsm_responses\n\n{"jsonrpc":"2.0","method":"Host.ping2","params":{},"id":"7"}\\0',
    ].join('\n');
    const files = '-cert /etc/pki/vdsm/engine.pem -key /etc/pki/vdsm/engine.key -CAfile /etc/pki/vdsm/ca.pem';
    const answer = await shell(
      `(printf '${frames.replaceAll('\n', '\\n')}'; sleep 2) | timeout 10 openssl s_client -quiet -verify_return_error ${files} -connect 127.0.0.1:54321 2>/dev/null | tr '\\0' '\\n'`,
    );
    expect(answer).toMatch(/^CONNECTED\n/);
    expect(answer).toContain('heart-beat:24000,0\n');
    expect(answer).toContain('{"jsonrpc":"2.0","id":"7","result":true}');
  });

  test('says how it is', async () => {
    const health = await shell('curl --silent --unix-socket /run/host-agent/health.sock http://localhost/healthz');
    expect(JSON.parse(health)).toMatchObject({ service: 'host-agent', state: 'ready' });
  });
});
