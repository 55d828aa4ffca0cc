import { type HostReader, type Step, type View, nothing, readText } from '#kit';
import { command, succeed, systemAccounts, writeFile } from '#steps';
import { render } from '../../src/setup/render/render.ts';
import { accounts, agentId, isEnrolled } from './settings.ts';

const declared = '/etc/sysusers.d/ovirt-host.conf';
const memberships = '/etc/sysusers.d/ovirt-host-groups.conf';

/** Who keeps leases of storage, as an account and as a unit. */
const leaseManager = 'sanlock';

/** What an account may besides: groups that come with packages. */
const members: readonly (readonly [user: string, group: string])[] = [
  // libvirt's socket.
  [accounts.agent, 'libvirt'],
  // The device of the kernel.
  [accounts.agent, 'kvm'],
  // Leases of storage.
  [accounts.agent, leaseManager],
  [leaseManager, accounts.agent],
  // Images belong to the agent, and QEMU reads and writes them.
  ['libvirt-qemu', accounts.agent],
];

/** Memberships that are lacking, as `USER GROUP`. */
async function lacking(host: HostReader): Promise<readonly string[]> {
  const lines = ((await readText(host, '/etc/group')) ?? '').split('\n').map((line) => line.split(':'));
  const groups = new Map(lines.map(([name, , , list = '']) => [name, list.split(',')]));
  return members.filter(([user, group]) => groups.get(group)?.includes(user) !== true).map((pair) => pair.join(' '));
}

const joinGroups: Step = {
  ...command(
    {
      id: 'node/members',
      chapter: 'system',
      title: 'Adding accounts to groups',
      quiet: true,
      needs: ['node/memberships', 'node/accounts', 'node/sanlock.conf'],
    },
    {
      async look(host) {
        const pairs = await lacking(host);
        return pairs.length === 0 ? nothing : { kind: 'update', note: pairs.join(', ') };
      },
      async run(host) {
        await succeed(host, { argv: ['systemd-sysusers', memberships] });
        // It has looked up its groups and its name when it was started, with its package.
        await succeed(host, { argv: ['systemctl', 'try-restart', leaseManager] });
      },
      undo: {
        async run(host, kept) {
          const gone = await lacking(host);
          for (const pair of kept as readonly string[]) {
            const [user = '', group = ''] = pair.split(' ');
            if (!gone.includes(pair)) await succeed(host, { argv: ['gpasswd', '--delete', user, group] });
          }
        },
      },
    },
  ),
  prepare: lacking,
};

/** The accounts of a node; once its packages are there, with what they may besides. */
export const accountSteps = (view: View): readonly Step[] => [
  writeFile(
    { id: 'node/sysusers', chapter: 'system', title: 'Declaring accounts of services', quiet: true },
    { path: declared, content: render('node/sysusers.conf', { agent: accounts.agent, id: agentId, vmconsole: accounts.vmconsole }) },
  ),
  systemAccounts(
    { id: 'node/accounts', chapter: 'system', title: 'Creating accounts of services', quiet: true, needs: ['node/sysusers'] },
    { declared, names: Object.values(accounts) },
  ),
  ...(isEnrolled(view)
    ? [
        writeFile(
          { id: 'node/memberships', chapter: 'system', title: 'Declaring members of groups', quiet: true },
          { path: memberships, content: render('node/members.conf', { members: members.map(([user, group]) => ({ user, group })) }) },
        ),
        joinGroups,
      ]
    : []),
];
