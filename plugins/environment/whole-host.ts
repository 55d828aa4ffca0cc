import { type Host, SetupError, type Step, type View, message, nothing } from '#kit';
import { command, link, succeed, systemAccounts, writeFile } from '#steps';
import { render } from '../../src/setup/render/render.ts';
import { accounts, program, readers } from './settings.ts';
import { moreSharedMemory } from './shared-memory.ts';

/* What a host of its own gets before anything else: the program in its place, and accounts for its services. */

const abouts: Readonly<Record<keyof typeof accounts, string>> = {
  engine: 'Virtualization manager',
  dwh: 'Data warehouse of the virtualization manager',
  websocketProxy: 'WebSocket proxy for consoles',
  fenceKdumpListener: 'Listener for crashing hosts',
  notifier: 'Notifier of the virtualization manager',
  vmconsole: 'Proxy for serial consoles of virtual machines',
  ovnProvider: 'Provider of networks of OVN',
  imageio: 'Proxy for transfers of disk images',
};

/** Homes that are not the root of the file system; with a shell where sshd runs something for the account. */
const homes: Readonly<Record<string, string>> = {
  [accounts.engine]: '/var/lib/ovirt-engine',
  [accounts.vmconsole]: '/usr/share/ovirt-vmconsole/empty /bin/sh',
};

const sysusers = '/etc/sysusers.d/ovirt-engine.conf';

const folder = '/usr/lib/ovirt-engine';

/** Copies the program beside its place and moves it there in one go: a run that is cut off leaves no half program. */
async function copyProgram(host: Host, from: string, home: string, parts: readonly string[]): Promise<void> {
  const fresh = `${home}.new`;
  await host.files.remove(fresh);
  const copied = { argv: ['cp', '--archive', '--parents', '--no-preserve=ownership', '--', ...parts, fresh] as const };
  await host.files.write(fresh, { kind: 'directory', mode: 0o755 });
  await succeed(host, { argv: ['env', `--chdir=${from}`, ...copied.argv], timeoutMs: 300_000 });
  // Whatever the umask of whoever has made the clone: accounts of services read it, and only root may change it.
  await succeed(host, { argv: ['chmod', '--recursive', 'u=rwX,go=rX', fresh] });
  await host.files.remove(home);
  await host.files.rename(fresh, home);
}

/** The program where services find it, whatever happens to the clone that setup is run from. */
function programInPlace(view: View): readonly Step[] {
  const { from, home, parts } = view.fact(program);
  if (from === home) return [];
  const names = ['engine-setup', 'engine-config', 'engine-iso-uploader', 'ovirt-aaa-jdbc-tool', 'ovirt-register-sso-client-tool'];
  return [
    {
      ...command(
        { id: 'environment/program', chapter: 'system', title: 'Installing the program', quiet: true },
        {
          look: async (host) => ((await host.program()).intact ? nothing : { kind: 'create', note: home, makes: [folder] }),
          async run(host) {
            if (parts.length === 0) throw new SetupError('failed', message`${from} does not hold the whole program`);
            await copyProgram(host, from, home, parts);
          },
          undo: {
            async run(host) {
              for (const path of [`${home}.new`, home]) await host.files.remove(path);
            },
          },
        },
      ),
      async prepare(host) {
        const current = await host.files.read(`${folder}/current`);
        return current?.kind === 'link' ? current.target : null;
      },
      // The version before this one is kept to go back to; older copies are of no use.
      async discard(host, former) {
        const copies = (await host.files.list(folder)).filter((name) => /^\d.*\+[0-9a-f]{12}$/.test(name));
        for (const name of copies) if (`${folder}/${name}` !== home && name !== former) await host.files.remove(`${folder}/${name}`);
      },
    },
    link(
      {
        id: 'environment/current',
        chapter: 'system',
        title: 'Choosing the version of the program',
        quiet: true,
        needs: ['environment/program'],
      },
      [
        { path: `${folder}/current`, target: home.slice(folder.length + 1) },
        ...names.map((name) => ({ path: `/usr/local/bin/${name}`, target: `${folder}/current/bin/${name}` })),
      ],
    ),
  ];
}

/** Where services write their logs. */
const logs = ['/var/log/ovirt-engine', '/var/log/ovirt-engine/notifier', '/var/log/ovirt-engine-dwh'] as const;

/** Accounts, the program, and how its logs are kept small, and have a place. */
export const wholeHost = (view: View): readonly Step[] => [
  ...moreSharedMemory(view),
  ...programInPlace(view),
  writeFile(
    { id: 'environment/sysusers', chapter: 'system', title: 'Declaring accounts of services', quiet: true },
    {
      path: sysusers,
      content: render('system/sysusers.conf', {
        accounts: Object.entries(accounts).map(([key, name]) => ({
          name,
          about: abouts[key as keyof typeof accounts],
          home: homes[name] ?? '/',
        })),
        engine: accounts.engine,
        readers,
      }),
    },
  ),
  systemAccounts(
    { id: 'environment/accounts', chapter: 'system', title: 'Creating accounts of services', quiet: true, needs: ['environment/sysusers'] },
    { declared: sysusers, names: Object.values(accounts) },
  ),
  writeFile(
    { id: 'environment/logrotate', chapter: 'system', title: 'Configuring the rotation of logs', quiet: true },
    {
      path: '/etc/logrotate.d/ovirt-engine',
      content: render('system/logrotate', {
        patterns: logs.map((path) => `${path}/*.log`),
      }),
    },
  ),
  writeFile(
    { id: 'environment/tmpfiles', chapter: 'system', title: 'Declaring folders of logs', quiet: true },
    { path: '/etc/tmpfiles.d/ovirt-engine.conf', content: render('system/tmpfiles.conf', { folders: logs }) },
  ),
];
