import { type Problem, plugin } from '#kit';
import { directories } from '#steps';
import { realRoot, sandbox } from './settings.ts';

/** Room that an installation needs below /var and /etc: the database cluster takes most of it. */
const neededBytes = 300 * 1024 * 1024;

const mebibytes = (bytes: number): string => `${Math.floor(bytes / 1024 / 1024)} MiB`;

export default plugin({
  name: 'environment',
  facts: [sandbox, realRoot],
  async preflight(_view, host) {
    const free = await host.files.free('/var/lib');
    if (free >= neededBytes) return [];
    const problem: Problem = {
      id: 'disk-space',
      level: 'doubt',
      message: `${host.files.real('/var/lib')} has ${mebibytes(free)} left; an installation needs ${mebibytes(neededBytes)}`,
      remedy: 'Make room, or go on anyway with --allow disk-space.',
    };
    return [problem];
  },
  steps: () => [
    directories({ id: 'environment/directories', chapter: 'pki.refresh', title: 'Creating directories', quiet: true }, [
      { path: '/etc/ovirt-engine', mode: 0o755 },
      { path: '/etc/ovirt-engine/engine.conf.d', mode: 0o755 },
      { path: '/var/lib/ovirt-engine', mode: 0o755 },
      { path: '/var/log/ovirt-engine', mode: 0o755, ours: true },
      { path: '/var/cache/ovirt-engine', mode: 0o700, ours: true },
      { path: '/var/cache/ovirt-engine/compile', mode: 0o700, ours: true },
      { path: '/run/ovirt-engine', mode: 0o700, ours: true },
      { path: '/etc/systemd/system/multi-user.target.wants', mode: 0o755 },
    ]),
  ],
});
