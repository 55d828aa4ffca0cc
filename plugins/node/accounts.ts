import { type HostReader, type Step, type View, nothing, readText } from '#kit';
import { command, succeed, writeFile } from '#steps';
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

const namesIn = async (host: HostReader, path: string): Promise<readonly (readonly string[])[]> =>
  ((await readText(host, path)) ?? '').split('\n').map((line) => line.split(':'));

async function missing(host: HostReader): Promise<readonly string[]> {
  const known = (await namesIn(host, '/etc/passwd')).map(([name]) => name);
  return Object.values(accounts).filter((name) => !known.includes(name));
}

/** Memberships that are lacking, as `USER GROUP`. */
async function lacking(host: HostReader): Promise<readonly string[]> {
  const groups = new Map((await namesIn(host, '/etc/group')).map(([name, , , list = '']) => [name, list.split(',')]));
  return members.filter(([user, group]) => groups.get(group)?.includes(user) !== true).map((pair) => pair.join(' '));
}

const makeAccounts: Step = {
  ...command(
    { id: 'node/accounts', chapter: 'system', title: 'Creating accounts of services', quiet: true, needs: ['node/sysusers'] },
    {
      async look(host) {
        const names = await missing(host);
        return names.length === 0 ? nothing : { kind: 'create', note: names.join(' ') };
      },
      run: (host) => succeed(host, { argv: ['systemd-sysusers', declared] }),
      undo: {
        async run(host, kept) {
          const gone = await missing(host);
          for (const name of kept as readonly string[]) if (!gone.includes(name)) await succeed(host, { argv: ['userdel', name] });
        },
      },
    },
  ),
  prepare: missing,
};

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
  makeAccounts,
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
