import type { Step, View } from '#kit';
import { copyFile, link } from '#steps';
import { accounts, isWholeHost, ownedBy } from '../environment/settings.ts';
import { paths, webAuthority } from './settings.ts';

/** Files under the names that administrators and other programs look for on the host of an engine. */
export function namesOfOthers(view: View): readonly Step[] {
  if (!isWholeHost(view)) return [];
  const quiet = { chapter: 'pki.certificates', quiet: true } as const;
  return [
    copyFile(
      { ...quiet, id: 'pki/ssh-identity', title: 'Keeping the key of the engine as its identity for ssh', needs: ['pki/keys'] },
      { from: paths.key('engine'), path: `${paths.home}/keys/engine_id_rsa`, mode: 0o600, ...ownedBy(view, accounts.engine) },
    ),
    copyFile(
      // In PEM, whatever its name says: so it is everywhere.
      { ...quiet, id: 'pki/ca-copy', title: 'Keeping a copy of the CA certificate', needs: ['pki/ca'] },
      { from: paths.authority, path: `${paths.home}/certs/ca.der`, mode: 0o644 },
    ),
    // An imported certificate brings the authorities that vouch for it under this name.
    ...(view.find(webAuthority) === 'imported'
      ? []
      : [
          link({ ...quiet, id: 'pki/apache-ca-name', title: 'Naming the authority of the web server', needs: ['pki/ca'] }, [
            { path: paths.webAuthority, target: 'ca.pem' },
          ]),
        ]),
  ];
}
