import { mkdtemp, rm } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { buildPackages } from '../scripts/package.ts';
import { bootHost, whyNoHosts } from '../test/support/test-host.ts';
import { type WholeHost, forInstallation, ofHost } from '../test/support/whole-host.ts';
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

/** How long the last run took from the confirmation on, as its log has it: until every service was healthy, and the summary was shown. */
async function sinceConfirmation(host: WholeHost): Promise<number> {
  const log = await host.shell('cat "$(ls -t /var/log/ovirt-engine/setup/*.log | head -1)"');
  const at = (what: RegExp): number => {
    const line = log.split('\n').find((each) => what.test(each));
    if (line === undefined) throw new Error(`the log has no line ${what}`);
    // As the log writes it: 2026-01-02 03:04:05,678+0000
    return Date.parse(line.slice(0, 28).replace(' ', 'T').replace(',', '.').replace('+0000', 'Z'));
  };
  return at(/--== SUMMARY ==--/) - at(/Stage: Transaction setup/);
}

/** Does something on a fresh host with the system packages, and throws the host away. */
async function onFreshHost<T>(work: (host: WholeHost) => Promise<T>): Promise<T> {
  const host = await forInstallation(await bootHost('equipped'));
  try {
    return await work(host);
  } finally {
    await host.remove();
  }
}

/** Gives a host the package, as its users do before they run setup. */
async function unpack(host: WholeHost, deb: string): Promise<void> {
  await host.copy(deb, '/var/tmp/engine-setup.deb');
  await host.shell('dpkg --install /var/tmp/engine-setup.deb');
}

/**
 * An unattended installation on a host of its own, from the confirmation to all services healthy, and the run after it that finds nothing
 * to do. The packages of the system are there already: what apt takes is the business of the network. Needs root.
 */
export async function wholeHost(): Promise<readonly Result[]> {
  const obstacle = await whyNoHosts();
  if (obstacle !== null) throw new Error(`no host can be booted: this ${obstacle}`);
  const [first, second, byHand]: [number[], number[], number[]] = [[], [], []];
  const folder = await mkdtemp('/var/tmp/engine-setup-bench-');
  try {
    const [deb = ''] = buildPackages({ into: folder, epoch: 1_700_000_000, effort: 'quick', kinds: ['deb'] });
    for (let round = 0; round < rounds; round++) {
      await onFreshHost(async (host) => {
        await unpack(host, deb);
        await timed(() => host.setup(ofHost));
        first.push(await sinceConfirmation(host));
        second.push(await timed(() => host.setup(ofHost)));
      });
      byHand.push(await onFreshHost((host) => timed(() => host.run(['sh', '-c', hostByHand]))));
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const peer = { name: 'databases, certificates and restarts by hand', sample: sample(byHand) };
  return [
    { name: 'a host, from the confirmation on', unit: 'ms', ours: sample(first), peer, target: { ratio: 1.5 } },
    { name: 'the same, by itself', unit: 'ms', ours: sample(first), peer, target: { limit: 25_000 } },
    { name: 'a host, nothing to do', unit: 'ms', ours: sample(second), peer, target: { limit: 4000 } },
  ];
}
