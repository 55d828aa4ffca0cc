import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AgentHost, startAgentHost } from '../test/support/agent-host.ts';
import { definition } from '../test/support/vm-definition.ts';
import { agentStarts } from './agent-starts.ts';
import { sample } from './measure.ts';
import type { Result } from './result.ts';

/*
 * What a cycle of statistics costs on a host with a hundred virtual machines: the engine asks for those of all machines and of the host every
 * five seconds. Times are of processors, so that it does not matter what else the machine does. The peer asks libvirt by virsh, which is what
 * an agent would do without the protocol. Machines are paused: what their guests do is not what is measured.
 */

const machines = 100;
const cycles = 10;
const rounds = 5;
const tickMs = 10;

/** Milliseconds of processors that a process has used. */
async function used(host: AgentHost, unit: string): Promise<number> {
  const pid = (await host.shell(`systemctl show --property MainPID --value ${unit}`)).trim();
  const text = await readFile(host.host.path(`/proc/${pid}/stat`), 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return tickMs * (Number(fields[11]) + Number(fields[12]));
}

/** The time that `times` of the shell tells of its children, in milliseconds. */
const ofChildren = (times: string): number =>
  [...(times.trim().split('\n').at(-1) ?? '').matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, seconds]) => sum + 60_000 * Number(minutes) + 1_000 * Number(seconds),
    0,
  );

/** The host agent beside virsh, each with libvirt's part in it. */
export async function agent(): Promise<readonly Result[]> {
  const host = await startAgentHost();
  try {
    const client = await host.ready();
    const ids = Array.from({ length: machines }, () => randomUUID());
    for (const id of ids) {
      const xml = definition({ id, name: id, diskless: true, memoryKib: 16_384 }).replace('launchPaused>false', 'launchPaused>true');
      await client.result('VM.create', { vmID: id, vmParams: { xml } });
      await client.seesEvent(({ method, params }) => method.endsWith(id) && (params[id] as { status: string }).status === 'Paused');
    }
    const figures = { ours: [] as number[], virsh: [] as number[], libvirtOfOurs: [] as number[], libvirtOfVirsh: [] as number[] };
    for (let round = 0; round <= rounds; round++) {
      const before = { agent: await used(host, 'agent'), libvirt: await used(host, 'libvirtd') };
      for (let cycle = 0; cycle < cycles; cycle++) {
        const [all] = await Promise.all([client.result<unknown[]>('Host.getAllVmStats'), client.result('Host.getStats')]);
        if (all.length !== machines) throw new Error(`${all.length} machines instead of ${machines}`);
        // What was asked for just before is not asked of libvirt again.
        await sleep(2_000);
      }
      const between = { agent: await used(host, 'agent'), libvirt: await used(host, 'libvirtd') };
      const times = await host.shell(`for i in $(seq ${cycles}); do virsh -c qemu:///system domstats >/dev/null; done; times`);
      const after = await used(host, 'libvirtd');
      // The first round is one of warming up.
      if (round === 0) continue;
      figures.ours.push((between.agent - before.agent) / cycles);
      figures.virsh.push(ofChildren(times) / cycles);
      figures.libvirtOfOurs.push((between.libvirt - before.libvirt) / cycles);
      figures.libvirtOfVirsh.push((after - between.libvirt) / cycles);
    }
    // Last, since a pool without a daemon for its leases keeps the agent busy.
    const start = await agentStarts(host, client);
    client.end();
    return [
      start,
      {
        name: `statistics of ${machines} virtual machines and the host: processor time of the agent for each cycle`,
        unit: 'ms',
        ours: sample(figures.ours),
        peer: { name: 'virsh domstats', sample: sample(figures.virsh) },
        // 2 % of a processor in a cycle of 5 seconds.
        target: { limit: 100 },
      },
      {
        name: `statistics of ${machines} virtual machines: processor time of libvirt for each cycle`,
        unit: 'ms',
        ours: sample(figures.libvirtOfOurs),
        peer: { name: 'virsh domstats', sample: sample(figures.libvirtOfVirsh) },
        target: { ratio: 1.2 },
      },
    ];
  } finally {
    await host.remove();
  }
}
