import { performance } from 'node:perf_hooks';
import { bootHost, whyNoHosts } from '../test/support/test-host.ts';
import { type WholeHost, forInstallation } from '../test/support/whole-host.ts';
import { hostByHand } from './host-by-hand.ts';
import { sample } from './measure.ts';
import type { Result } from './result.ts';

const rounds = 3;

const timed = async (work: () => Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>) => {
  const from = performance.now();
  const { code, stdout, stderr } = await work();
  if (code !== 0) throw new Error(`it ended with ${code}:\n${stdout}${stderr}`);
  return performance.now() - from;
};

/** Does something on a fresh host with the system packages, and throws the host away. */
async function onFreshHost<T>(work: (host: WholeHost) => Promise<T>): Promise<T> {
  const host = await forInstallation(await bootHost('equipped'));
  try {
    return await work(host);
  } finally {
    await host.remove();
  }
}

/**
 * An unattended installation on a host of its own, from the start of the program to all services healthy, and the run after it that finds
 * nothing to do. The packages of the system are there already: what apt takes is the business of the network. Needs root.
 */
export async function wholeHost(): Promise<readonly Result[]> {
  const obstacle = await whyNoHosts();
  if (obstacle !== null) throw new Error(`no host can be booted: this ${obstacle}`);
  const [first, second, byHand]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < rounds; round++) {
    await onFreshHost(async (host) => {
      first.push(await timed(() => host.setup()));
      second.push(await timed(() => host.setup()));
    });
    byHand.push(await onFreshHost((host) => timed(() => host.run(['sh', '-c', hostByHand]))));
  }
  const peer = { name: 'databases, certificates and restarts by hand', sample: sample(byHand) };
  return [
    { name: 'a host, first run', unit: 'ms', ours: sample(first), peer, target: { ratio: 1.5 } },
    { name: 'a host, first run, in all', unit: 'ms', ours: sample(first), peer, target: { limit: 25_000 } },
    { name: 'a host, nothing to do', unit: 'ms', ours: sample(second), peer, target: { limit: 4000 } },
  ];
}
