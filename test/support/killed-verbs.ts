import { readFile, readdir, readlink } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { AgentClient, AgentReply } from './agent-client.ts';
import type { AgentHost } from './agent-host.ts';
import { eventually } from './trial.ts';

/*
 * An agent that is killed in the middle of verbs about a machine, and comes back: the machine is what libvirt says it is, and each verb can be asked
 * for again.
 */

/** Shares of the time that a verb takes, at which the agent is killed. */
const moments = [0, 1 / 3, 2 / 3];

export interface KilledVerb {
  readonly verb: string;
  readonly params?: object;
  /** What the machine is to be before. */
  readonly from: 'gone' | 'runs' | 'paused';
  /** Codes that say that it is done already. */
  readonly done?: readonly number[];
  /** Until what was asked for is so. */
  readonly reached: () => Promise<void>;
}

export interface KilledVerbsParts {
  readonly agent: AgentHost;
  readonly id: string;
  /** Has the machine started. */
  readonly create: (client: AgentClient) => Promise<AgentReply>;
  readonly connected: (client: AgentClient) => void;
}

/** Returns what kills the agent in a verb, once for each moment. */
export async function killedVerbs({ agent, id, create, connected }: KilledVerbsParts): Promise<(wanted: KilledVerb) => Promise<void>> {
  let client = await agent.ready();
  let pid = await pidOf(agent);

  const status = async (): Promise<string> =>
    (await client.result<{ vmId: string; status: string }[]>('Host.getVMList', { onlyUUID: false })).find(({ vmId }) => vmId === id)
      ?.status ?? 'gone';
  const runs = async (): Promise<boolean> => ['Powering up', 'Up', 'RebootInProgress', 'Powering down'].includes(await status());

  /** Brings it to where a verb begins. */
  async function bring(from: KilledVerb['from']): Promise<void> {
    if (from === 'gone' || (await status()) === 'Down') await client.call('VM.destroy', [id]);
    if (from === 'gone') return;
    if ((await status()) === 'gone') await create(client);
    if ((await status()) === 'Paused') await client.result('VM.cont', [id]);
    await eventually('it runs', runs);
    if (from === 'paused') await client.result('VM.pause', [id]);
  }

  /** What the agent lists is what there is: one machine of libvirt, and one process, or none of both; never two. */
  async function isTrue(): Promise<void> {
    await eventually('libvirt and the agent say the same', async () => {
      const line = `virsh -c qemu:///system domstate ${id} 2>/dev/null; pgrep --count --full -- '-uuid [${id.slice(0, 1)}]${id.slice(1)}' || true`;
      const [processes = '', state = ''] = (await agent.shell(line)).trim().split(/\s+/).reverse();
      const told = await status();
      expect(Number(processes)).toBeLessThan(2);
      if (state === '') return processes === '0' && ['gone', 'Down'].includes(told);
      return processes === '1' && (state === 'paused' ? told === 'Paused' : !['gone', 'Down', 'Paused'].includes(told));
    });
  }

  return async ({ verb, params, from, done = [], reached }) => {
    const call = (): Promise<AgentReply> => (verb === 'VM.create' ? create(client) : client.call(verb, { vmID: id, ...params }));
    const again = async (): Promise<void> => {
      const { error } = await call();
      if (error !== undefined && !done.includes(error.code)) throw new Error(`${verb}: ${error.code} ${error.message}`);
      await reached();
    };
    await bring(from);
    const began = performance.now();
    await again();
    const usualMs = performance.now() - began;
    for (const share of moments) {
      await bring(from);
      const answer = call().catch(() => undefined);
      if (share > 0) await sleep(share * usualMs);
      process.kill(pid, 'SIGKILL');
      await answer;
      client = await agent.ready();
      connected(client);
      pid = await pidOf(agent);
      await isTrue();
      // What could not be begun is let go of, as the engine does.
      if (verb === 'VM.create' && (await status()) === 'Down') await client.result('VM.destroy', [id]);
      await again();
      await isTrue();
    }
  };
}

/** The agent's process, as this machine counts them. */
async function pidOf({ host, shell }: AgentHost): Promise<number> {
  const inside = (await shell('systemctl show --property MainPID --value agent')).trim();
  const init = /^\/proc\/(\d+)\//.exec(host.path('/'))?.[1] ?? '';
  const space = await readlink(`/proc/${init}/ns/pid`);
  for (const pid of await readdir('/proc')) {
    const status = /^\d+$/.test(pid) ? await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '') : '';
    if (!new RegExp(`^NSpid:.*\\t${inside}$`, 'm').test(status)) continue;
    if ((await readlink(`/proc/${pid}/ns/pid`).catch(() => '')) === space) return Number(pid);
  }
  throw new Error('the agent does not run');
}
