import { randomUUID } from 'node:crypto';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AgentClient } from '../test/support/agent-client.ts';
import type { AgentHost } from '../test/support/agent-host.ts';
import { joinPool, localPool, testLeases, testStorage, zeroId } from '../test/support/host-storage.ts';
import { definition } from '../test/support/vm-definition.ts';
import { COW, newVolume, type VolumeIds, volumeShape } from '../test/support/volumes.ts';
import { sample, timed } from './measure.ts';
import type { Result } from './result.ts';

/*
 * What the agent adds to libvirt's own time for a start: from `VM.create`, of a machine with a disk in qcow2 that stands on another volume, until the
 * agent tells that it powers up. The peer is `virsh create` of the definition that the agent gave libvirt; each start is followed by one of those.
 */

const rounds = 10;
/** Where storage is on the host. */
const storage = '/srv/data';

/** Makes a pool on the host with one image of two volumes, and connects the agent to it. Returns the upper volume. */
async function imageOn({ host, shell }: AgentHost, client: AgentClient): Promise<VolumeIds> {
  const folder = await mkdtemp(join(tmpdir(), 'agent-starts-'));
  try {
    // Nobody else has it yet, so it is made without the daemon that keeps leases.
    const maker = await testStorage(folder, testLeases().of());
    const made = join(folder, 'data');
    const pool = await localPool(maker, made);
    const lower = newVolume(pool);
    const upper = newVolume(pool, lower.imageID);
    await maker.task('Volume.create', { ...volumeShape, ...lower, volFormat: COW });
    await maker.task('Volume.create', { ...volumeShape, ...upper, volFormat: COW, srcImgUUID: lower.imageID, srcVolUUID: lower.volumeID });
    await maker.call('StoragePool.spmStop', { storagepoolID: pool.storagepoolID });
    await maker.part.stop?.();
    await cp(made, host.path(storage), { recursive: true });
    await shell(`mkdir -p /rhev/data-center /var/lib/vdsm/storage && chown -R vdsm:kvm ${storage} /rhev/data-center /var/lib/vdsm`);
    const connectionParams = [{ id: randomUUID(), connection: storage }];
    await client.result('StoragePool.connectStorageServer', { storagepoolID: zeroId, domainType: 4, connectionParams });
    await joinPool({ call: (verb, params) => client.result(verb, params) }, pool, 1);
    return upper;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A machine with a volume as its disk. */
function machineWith(id: string, { storagepoolID, storagedomainID, imageID, volumeID }: VolumeIds): string {
  const path = `/rhev/data-center/${storagepoolID}/${storagedomainID}/images/${imageID}/${volumeID}`;
  const disk = `<disk type="file" device="disk" snapshot="no"><target dev="vda" bus="virtio"/><source file="${path}"/><driver name="qemu" type="qcow2" cache="none"/><boot order="2"/></disk>`;
  const ids = { poolID: storagepoolID, domainID: storagedomainID, imageID, volumeID };
  const named = Object.entries(ids).map(([name, value]) => `<ovirt-vm:${name}>${value}</ovirt-vm:${name}>`);
  return definition({ id, name: 'started', diskless: true, devices: disk }).replace(
    '<ovirt-vm:custom/>',
    `<ovirt-vm:custom/><ovirt-vm:device devtype="disk" name="vda">${named.join('')}</ovirt-vm:device>`,
  );
}

/** Starts a machine with the agent, and again with virsh, in turns. */
export async function agentStarts(host: AgentHost, client: AgentClient): Promise<Result> {
  const volume = await imageOn(host, client);
  const virsh = 'virsh --connect qemu:///system';
  const figures = { added: [] as number[], virsh: [] as number[] };
  for (let round = 0; round <= rounds; round++) {
    const id = randomUUID();
    const tells = (status: string): Promise<void> =>
      client.seesEvent(({ method, params }) => method.endsWith(id) && (params[id] as { status?: string } | undefined)?.status === status);
    const ours = await timed(async () => {
      await client.result('VM.create', { vmID: id, vmParams: { xml: machineWith(id, volume) } });
      await tells('Powering up');
    });
    const { [id]: xml = '' } = await client.result<Record<string, string>>('Host.dumpxmls', [[id]]);
    if (!xml.includes(volume.volumeID)) throw new Error(`it was started without its disk: ${xml}`);
    await client.result('VM.destroy', { vmID: id });
    await writeFile(host.host.path('/tmp/started.xml'), xml);
    // It says itself how long libvirt took, without the start of the program.
    const said = await host.shell(`${virsh} --timing 'create /tmp/started.xml' && ${virsh} destroy ${id} >/dev/null`);
    const theirs = Number(/Time: ([\d.]+) ms/.exec(said)?.[1]);
    if (!(theirs > 0)) throw new Error(`virsh says nothing of time: ${said}`);
    // The agent has taken it up, and keeps one that has ended until somebody has heard of it.
    await client.call('VM.destroy', { vmID: id });
    // The first round is one of warming up.
    if (round === 0) continue;
    figures.added.push(ours - theirs);
    figures.virsh.push(theirs);
  }
  return {
    name: 'start of a virtual machine with a disk in qcow2: what the agent adds to libvirt',
    unit: 'ms',
    ours: sample(figures.added),
    peer: { name: 'virsh create', sample: sample(figures.virsh) },
    // With what the engine does for a start (`hosts`): less than 150 ms.
    target: { limit: 75 },
  };
}
