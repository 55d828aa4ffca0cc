import { type Family, type Step, type View, fact, familyOf } from '#kit';
import { link } from '#steps';
import { system } from '../environment/settings.ts';

/** The SSH server of a distribution. */
interface SshServer {
  /** With the client, where that comes by itself. */
  readonly packages: readonly [server: string, ...more: readonly string[]];
  /** What the package would have started, at once or with the machine. */
  readonly unit: string;
}

const servers: Readonly<Record<Family, SshServer>> = {
  debian: { packages: ['openssh-server'], unit: 'ssh' },
  'enterprise-linux': { packages: ['openssh-server', 'openssh-clients'], unit: 'sshd' },
};

/** The SSH server of this host's distribution, whose program the VM console proxy runs, too. */
export const sshServerOf = (view: View): SshServer => servers[familyOf(view.fact(system).distribution)];

/** Whether this host has one already, of its distribution or its administrator's own: then it is theirs to say whether it runs. */
export const sshServerInstalled = fact('ssh-server-installed', async (host) => {
  if ((await host.packages.version('openssh-server')) !== undefined) return true;
  const own = await Promise.all(Object.values(servers).map(({ unit }) => host.files.read(`/etc/systemd/system/${unit}.service`)));
  return own.some((entry) => entry?.kind === 'file');
});

/**
 * We need the program of the SSH server, and no way into this host: where we bring the package, its own service stays off. Whoever wants it
 * says `systemctl unmask` and `systemctl enable`; no later run changes that.
 */
export const silentSshServer = (view: View, packages: readonly string[]): readonly Step[] => {
  const { packages: own, unit } = sshServerOf(view);
  if (!packages.includes(own[0]) || view.fact(sshServerInstalled)) return [];
  return [
    link(
      { id: 'packages/silent-ssh-server', chapter: 'packages', title: 'Keeping the SSH server of this host from starting', quiet: true },
      [{ path: `/etc/systemd/system/${unit}.service`, target: '/dev/null' }],
    ),
  ];
};
