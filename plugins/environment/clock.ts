import { type Family, type HostReader, type Problem, type View, familyOf, message } from '#kit';
import { isWholeHost, system } from './settings.ts';

/** Where package managers keep what they know: it changes with every installation. */
const packageDatabases: Readonly<Record<Family, string>> = { debian: '/var/lib/dpkg', 'enterprise-linux': '/var/lib/rpm' };

/** What the clock may differ by from that of the machine which wrote a file, in ms. */
const tolerance = 5 * 60 * 1000;

/** A clock that is behind what happened already: certificates would not be valid yet for anybody else. */
async function behind(view: View, host: HostReader): Promise<readonly Problem[]> {
  const limit = new Date(host.now().getTime() + tolerance).toISOString();
  const places = ['/etc', packageDatabases[familyOf(view.fact(system).distribution)], '/var/log'];
  const { stdout } = await host.query({ argv: ['find', ...places, '-maxdepth', '1', '-newermt', limit, '-print', '-quit'] });
  const [newer] = stdout.split('\n');
  if (newer === undefined || newer === '') return [];
  return [
    {
      id: 'clock',
      level: 'warning',
      message: message`The clock of this host is behind: it says ${host.now().toISOString()}, and ${newer} was changed after that`,
      remedy: 'Set the clock, for instance with an NTP service. Certificates made now are dated by it.',
    },
  ];
}

/** Services that keep a clock right, by the names that distributions give them. */
const keepers = ['systemd-timesyncd', 'chrony', 'chronyd', 'ntpsec', 'ntp', 'ntpd', 'openntpd'] as const;

/**
 * A clock that nothing keeps right. That is all that can be known of one that is ahead: nothing on the host is later than it.
 * timedatectl would know whether the kernel takes it for right, but starts a service on the host to answer.
 */
async function unkept(host: HostReader): Promise<readonly Problem[]> {
  const { stdout } = await host.query({ argv: ['systemctl', 'is-active', ...keepers] });
  if (stdout.split('\n').includes('active')) return [];
  return [
    {
      id: 'clock-unkept',
      level: 'warning',
      message: message`Nothing keeps the clock of this host right; it says ${host.now().toISOString()}`,
      remedy: 'Compare it with another clock, and let an NTP service keep it. Certificates made now are dated by it.',
    },
  ];
}

/** What is to be said of the clock of a host of its own; a trial takes that of its machine as it is. */
export const clock = async (view: View, host: HostReader): Promise<readonly Problem[]> =>
  isWholeHost(view) ? [...(await behind(view, host)), ...(await unkept(host))] : [];
