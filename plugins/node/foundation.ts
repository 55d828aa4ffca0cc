import type { Step, View } from '#kit';
import { directories, editFile, link, withBlock, writeFile } from '#steps';
import { render } from '../../src/setup/render/render.ts';
import { program } from '../environment/settings.ts';
import { accounts, engineKey, isEnrolled } from './settings.ts';

const versions = '/usr/lib/ovirt-engine';

/** Where services of a node write their logs, each folder with its owner. */
export const logs = '/var/log/vdsm';

/** The engine gets in with its key from now on. What others have put there stays. */
const letEngineIn = (view: View): readonly Step[] => {
  const key = view.get(engineKey);
  if (key === '') return [];
  return [
    directories({ id: 'node/ssh-folder', chapter: 'system', title: 'Creating the folder for keys of SSH', quiet: true }, [
      { path: '/root/.ssh', mode: 0o700 },
    ]),
    editFile(
      { id: 'node/engine-key', chapter: 'system', title: 'Letting the engine in with its key', quiet: true, needs: ['node/ssh-folder'] },
      {
        path: '/root/.ssh/authorized_keys',
        edit: (text) => withBlock(text, { path: '', name: 'ovirt-engine', lines: [key], at: 'bottom' }),
        mode: 0o600,
      },
    ),
  ];
};

/** What everything else on a node stands on. */
export function foundation(view: View): readonly Step[] {
  const { from, home } = view.fact(program);
  const owner = { owner: accounts.agent, group: accounts.agent };
  return [
    // The engine has put the program into its place. From a clone nothing is copied: such a host is for trying things out.
    ...(from === home && home.startsWith(`${versions}/`)
      ? [
          link({ id: 'node/current', chapter: 'system', title: 'Choosing the version of the program', quiet: true }, [
            { path: `${versions}/current`, target: home.slice(versions.length + 1) },
          ]),
        ]
      : []),
    ...letEngineIn(view),
    directories({ id: 'environment/directories', chapter: 'pki.refresh', title: 'Creating directories', quiet: true }, [
      { path: '/etc/ovirt-engine', mode: 0o755 },
      { path: '/var/lib/ovirt-engine', mode: 0o755 },
      { path: '/etc/systemd/system/multi-user.target.wants', mode: 0o755 },
    ]),
    ...(isEnrolled(view)
      ? [
          directories(
            {
              id: 'node/directories',
              chapter: 'pki.refresh',
              title: 'Creating directories of the host',
              quiet: true,
              needs: ['node/accounts'],
            },
            [
              { path: '/var/lib/vdsm', mode: 0o750, ...owner, ours: true },
              { path: logs, mode: 0o755, ours: true },
              // Storage is mounted below it.
              { path: '/rhev', mode: 0o755 },
              // The agent makes links to domains in it, and cannot put anything in the place of what is root's.
              { path: '/rhev/data-center', mode: 0o1775, owner: 'root', group: accounts.agent },
              // The privileged helper mounts there, and nobody else writes to it.
              { path: '/rhev/data-center/mnt', mode: 0o755 },
            ],
          ),
          writeFile(
            { id: 'node/tmpfiles', chapter: 'system', title: 'Declaring folders of logs', quiet: true },
            { path: '/etc/tmpfiles.d/ovirt-host.conf', content: render('system/tmpfiles.conf', { folders: [logs] }) },
          ),
          writeFile(
            { id: 'node/logrotate', chapter: 'system', title: 'Configuring the rotation of logs', quiet: true },
            { path: '/etc/logrotate.d/ovirt-host', content: render('system/logrotate', { patterns: [`${logs}/*.log`] }) },
          ),
        ]
      : []),
  ];
}
