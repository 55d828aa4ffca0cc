import { type HostReader, type Problem, type View, plugin, readText, message } from '#kit';
import { authority, certificate, directories, keys } from '#steps';
import { belongsTo, fingerprints, isEarly, parseCertificate, sshFingerprint } from '../../src/setup/pki/inspect.ts';
import { apacheHere, webServer } from '../apache/settings.ts';
import { engineHere, unit as engine } from '../engine/settings.ts';
import { accounts, isWholeHost, ownedBy } from '../environment/settings.ts';
import { fqdn } from '../network/settings.ts';
import { asPkcs12 } from './as-pkcs12.ts';
import { authorityBits, certificatesFor, lifetimes } from './certificates.ts';
import { foreignPairs, importFindings, importSummary, installed, isImported, left, vouched } from './import.ts';
import { namesOfOthers } from './names-of-others.ts';
import {
  authorityBegins,
  authorityDaysLeft,
  authoritySubject,
  country,
  importedAuthority,
  keySize,
  organization,
  paths,
  presentStorePassword,
  renew,
  storePassword,
  webAuthority,
  webCertificate,
  webKey,
} from './settings.ts';

const steps = (view: View) => {
  const name = view.get(fqdn);
  const certificates = certificatesFor(view);
  const bits = Number(view.get(keySize));
  const subject = (commonName: string) => ({ country: view.get(country), organization: view.get(organization), commonName });
  return [
    directories({ id: 'pki/directories', chapter: 'pki.refresh', title: 'Upgrading CA' }, [
      { path: '/etc/pki', mode: 0o755 },
      { path: paths.home, mode: 0o755 },
      { path: `${paths.home}/certs`, mode: 0o755 },
      { path: `${paths.home}/keys`, mode: 0o755 },
      { path: `${paths.home}/private`, mode: 0o750 },
      ...(isWholeHost(view) ? [{ path: `${paths.home}/requests`, mode: 0o755, ...ownedBy(view, accounts.engine) }] : []),
    ]),
    ...left(view),
    keys({ id: 'pki/keys', chapter: 'pki.authority', title: 'Generating keys', quiet: true, needs: ['pki/directories'] }, [
      { path: paths.authorityKey, bits: Math.max(bits, authorityBits), mode: 0o600 },
      ...certificates
        .filter((leaf) => !isImported(view, leaf))
        .map(({ name: leaf, account }) => ({
          path: paths.key(leaf),
          bits,
          mode: 0o600,
          ...(account === undefined ? {} : ownedBy(view, account)),
        })),
    ]),
    authority(
      {
        id: 'pki/ca',
        chapter: 'pki.authority',
        title: view.find(renew) === true ? 'Renewing CA' : 'Creating CA',
        needs: ['pki/keys'],
        // By it the web server knows the proxy for consoles.
        notify: apacheHere(view) ? [view.fact(webServer).unit] : [],
      },
      {
        path: paths.authority,
        key: paths.authorityKey,
        subject: (number) => subject(`${name.slice(0, 55)}.${number}`),
        days: lifetimes.authority,
        renew: view.find(renew) === true,
      },
    ),
    ...certificates.map((leaf) => {
      // Services read their certificate when they start.
      const heading = {
        id: `pki/${leaf.name}`,
        chapter: 'pki.certificates',
        quiet: true,
        needs: ['pki/ca'],
        notify: leaf.unit === null ? [] : [leaf.unit?.(view) ?? engine],
      } as const;
      if (isImported(view, leaf))
        return installed({ ...heading, title: message`Installing the imported certificate: ${leaf.name}` }, leaf, view);
      return certificate(
        { ...heading, title: message`Issuing ${leaf.name} certificate` },
        {
          path: paths.certificate(leaf.name),
          key: paths.key(leaf.name),
          subject: subject(name),
          days: leaf.days,
          authority: { path: paths.authority, key: paths.authorityKey },
          names: leaf.names(view, name),
          usages: leaf.usages,
        },
      );
    }),
    asPkcs12(view),
    ...vouched(view),
    ...namesOfOthers(view),
  ];
};

/** An authority that is lost, has lost its key, or cannot be trusted yet, stops the run before any change. */
async function authorityFindings(view: View, host: HostReader): Promise<readonly Problem[]> {
  const found = parseCertificate(await readText(host, paths.authority));
  if (found === undefined && parseCertificate(await readText(host, paths.certificate('engine'))) !== undefined) {
    const lost: Problem = {
      id: 'authority-lost',
      level: 'doubt',
      message: message`${host.files.real(paths.authority)} is gone or damaged, but a certificate that it has signed is there`,
      remedy:
        'Bring it back from a backup. With --allow authority-lost a new one is made, which every browser and host has to be told to trust.',
    };
    return [lost];
  }
  if (found === undefined) return [];
  if (belongsTo(found, await readText(host, paths.authorityKey))) {
    if (!isEarly(found, host.now()) || view.find(renew) === true) return [];
    // Whether to renew it is for people to say: if the clock is wrong now, it is right as it is.
    const early: Problem = {
      id: 'authority-early',
      level: 'error',
      message: message`The certificate of the internal CA begins ${found.validFrom}, which is still to come by the clock of this host`,
      remedy: message`Set the clock. If it was ahead when the certificate was made, renew that: --set ${renew.key}=Yes`,
    };
    return [early];
  }
  const problem: Problem = {
    id: 'pki-without-key',
    level: 'error',
    message: message`${host.files.real(paths.authority)} is there, but its private key ${host.files.real(paths.authorityKey)} is missing or is another one`,
    remedy: message`Bring the key back from a backup. To start a new authority instead, which no host or browser trusts yet, move ${host.files.real(paths.home)} away.`,
  };
  return [problem];
}

export default plugin({
  name: 'pki',
  facts: [authoritySubject, authorityBegins, authorityDaysLeft, importedAuthority, foreignPairs, presentStorePassword],
  settings: [organization, country, keySize, storePassword, renew, webAuthority, webCertificate, webKey],
  async preflight(view, host) {
    // Where the engine is on another host, so is the key of its authority.
    return [...(engineHere(view) ? await authorityFindings(view, host) : []), ...(await importFindings(view, host))];
  },
  steps: (view) => (engineHere(view) ? steps(view) : []),
  async summary(view, host) {
    const ca = parseCertificate(await readText(host, paths.authority));
    const key = await readText(host, paths.key('engine'));
    if (ca === undefined || key === undefined) return [];
    const { sha1, sha256 } = fingerprints(ca);
    return [
      {
        block: 'certificates',
        lines: [
          message`Internal CA ${sha1}`,
          message`Internal CA fingerprint: SHA256: ${sha256}`,
          message`SSH fingerprint: ${sshFingerprint(key)}`,
        ],
      },
      ...(await importSummary(view, host)),
    ];
  },
});
