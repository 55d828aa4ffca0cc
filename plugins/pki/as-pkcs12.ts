import type { Step, View } from '#kit';
import { stores } from '#steps';
import { ownedBy } from '../environment/settings.ts';
import { certificatesFor } from './certificates.ts';
import { paths, storePassword } from './settings.ts';

/** Certificates with their keys, and the authority, once more as PKCS#12: so programs in Java want them, and procedures that are around. */
export function asPkcs12(view: View): Step {
  const certificates = certificatesFor(view);
  return stores(
    {
      id: 'pki/stores',
      chapter: 'pki.certificates',
      title: 'Keeping certificates and keys as PKCS#12, too',
      quiet: true,
      needs: certificates.map(({ name }) => `pki/${name}`),
    },
    view.get(storePassword),
    [
      ...certificates.map(({ name, account }) => ({
        path: paths.store(name),
        certificate: paths.certificate(name),
        holds: { key: paths.key(name) },
        mode: 0o600,
        ...(account === undefined ? {} : ownedBy(view, account)),
      })),
      { path: paths.truststore, certificate: paths.authority, holds: { trustedAs: 'cacert' }, mode: 0o644 },
    ],
  );
}
