import type { Step, View } from '#kit';
import { keys, sshCertificates } from '#steps';
import { accounts, ownedBy } from '../environment/settings.ts';
import { fqdn } from '../network/settings.ts';
import { keySize, paths as pki } from '../pki/settings.ts';
import { paths, unit } from './settings.ts';

/** Days that certificates of SSH are valid, as those of services are. */
const days = 1827;

/** The keys of the proxy, and certificates of the internal CA for them: no host and no user has to be told a fingerprint. */
export const keysAndCertificates = (view: View): readonly Step[] => [
  keys(
    {
      id: 'vmconsole/keys',
      chapter: 'vmconsole',
      title: 'Generating keys of the VM console proxy',
      quiet: true,
      needs: ['vmconsole/directories'],
      notify: [unit],
    },
    [paths.hostKey, paths.userKey].map((path) => ({
      path,
      bits: Number(view.get(keySize)),
      mode: 0o600,
      ...ownedBy(view, accounts.vmconsole),
    })),
  ),
  sshCertificates(
    {
      id: 'vmconsole/certificates',
      chapter: 'vmconsole',
      title: 'Setting up ovirt-vmconsole SSH PKI artifacts',
      needs: ['vmconsole/keys', 'pki/ca'],
      notify: [unit],
    },
    {
      key: pki.authorityKey,
      publicKey: paths.authority,
      knownHosts: paths.knownHosts,
      days,
      certificates: [
        {
          path: paths.certificateOf(paths.hostKey),
          key: paths.hostKey,
          kind: 'host',
          identity: 'vmconsole-proxy-host',
          principals: [view.get(fqdn)],
        },
        {
          path: paths.certificateOf(paths.userKey),
          key: paths.userKey,
          kind: 'user',
          identity: 'vmconsole-proxy-user',
          // Hosts let in whoever may pass for this.
          principals: ['ovirt-vmconsole-proxy'],
        },
      ],
    },
  ),
];
