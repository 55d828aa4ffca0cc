import { type Setting, type View, choice, fact, message, readText, setting, text, yesNo } from '#kit';
import { isEarly, parseCertificate, partOf, sameKey } from '../../src/setup/pki/inspect.ts';
import { certificatesPem, keyPem } from '../../src/setup/pki/pem-kinds.ts';
import { valueIn } from '../database/settings.ts';
import { engineHere, paths as engine } from '../engine/settings.ts';
import { fqdn } from '../network/settings.ts';

const home = '/etc/pki/ovirt-engine';

/** Where the PKI keeps its files; the layout is the one that administrators and other programs know. */
export const paths = {
  home,
  authority: `${home}/ca.pem`,
  /** Who vouches for an imported certificate; not there where browsers see one of our own authority. */
  webAuthority: `${home}/apache-ca.pem`,
  authorityKey: `${home}/private/ca.pem`,
  certificate: (name: string): string => `${home}/certs/${name}.cer`,
  key: (name: string): string => `${home}/keys/${name}.key.nopass`,
  /** A certificate with its key as PKCS#12. */
  store: (name: string): string => `${home}/keys/${name}.p12`,
  /** The authority as PKCS#12, for programs in Java. */
  truststore: `${home}/.truststore`,
} as const;

/** Subject of our authority's certificate, where there is one. */
export const authoritySubject = fact('authority-subject', async (host) => parseCertificate(await readText(host, paths.authority))?.subject);

/** Days until our authority's certificate ends; undefined where there is none. */
export const authorityDaysLeft = fact('authority-days-left', async (host) => {
  const found = parseCertificate(await readText(host, paths.authority));
  return found === undefined ? undefined : (found.validToDate.getTime() - host.now().getTime()) / (24 * 3600 * 1000);
});

/** When our authority's certificate begins, where that is still to come. */
export const authorityBegins = fact('authority-begins', async (host) => {
  const found = parseCertificate(await readText(host, paths.authority));
  return found !== undefined && isEarly(found, host.now()) ? found.validFrom : undefined;
});

/** A part of the authority's subject. */
const ofAuthority = (view: View, part: string): string | undefined => {
  const subject = view.fact(authoritySubject);
  return subject === undefined ? undefined : partOf(subject, part);
};

export const organization = setting({
  key: 'OVESETUP_PKI/organization',
  section: 'pki',
  kind: text,
  about: 'Organization in the subject of all certificates.',
  ask: { name: 'OVESETUP_PKI_ORG', text: 'Organization name for certificate' },
  preview: 'PKI organization',
  keep: true,
  when: engineHere,
  // An authority that is there keeps its name.
  settled: (view) => ofAuthority(view, 'O'),
  initial: (view) => view.get(fqdn).split('.').slice(1).join('.') || 'Test',
  validate: (value) => {
    if (value.trim() === '') return 'Organization name must not be empty';
    return [...value].length > 64 ? 'Organization name must not be longer than 64 characters' : undefined;
  },
});

export const country = setting({
  key: 'OVESETUP_PKI/country',
  section: 'pki',
  kind: text,
  about: 'Country code in the subject of all certificates.',
  keep: true,
  when: engineHere,
  settled: (view) => ofAuthority(view, 'C'),
  initial: 'US',
  validate: (value) => (/^[A-Z]{2}$/.test(value) ? undefined : 'Country is two capital letters, such as US'),
});

export const keySize: Setting<'2048' | '3072' | '4096'> = setting({
  key: 'OVESETUP_PKI/keySize',
  section: 'pki',
  kind: choice('2048', '3072', '4096'),
  about: 'Bits of the RSA keys that setup makes for services; that of the internal CA has at least 3072. Keys that are there stay.',
  keep: true,
  when: engineHere,
  initial: '2048',
});

/** The password of the stores that an earlier run has made. */
export const presentStorePassword = fact('present-store-password', async (host) =>
  valueIn((await readText(host, engine.fragment('10-setup-pki.conf'))) ?? '', 'ENGINE_PKI_TRUST_STORE_PASSWORD'),
);

export const storePassword = setting({
  key: 'OVESETUP_PKI/storePassword',
  section: 'pki',
  kind: text,
  about:
    'Password of the PKCS#12 stores and of the truststore. Where none is given it stays as it is, and is mypass at first, as everybody knows: it is the mode of the files that keeps keys secret.',
  secret: true,
  when: engineHere,
  initial: (view) => view.fact(presentStorePassword) ?? 'mypass',
  // Java takes no others.
  validate: (value) => (/^[ -~]{6,}$/.test(value) ? undefined : 'must be at least 6 characters, all of them of ASCII'),
});

export const renew = setting({
  key: 'OVESETUP_PKI/renew',
  section: 'pki',
  kind: yesNo,
  about:
    'Renews the certificate of the internal CA, with the same key, when it ends within a year, or has not begun yet. Certificates of services are renewed by themselves.',
  ask: {
    name: 'OVESETUP_RENEW_PKI',
    text: 'Renew certificates?',
    notes: (view) => [
      ...(view.fact(authorityBegins) === undefined
        ? [
            message`The certificate of the internal CA ends in ${Math.floor(view.fact(authorityDaysLeft) ?? 0)} days. When it has ended, no browser and no host`,
            message`trusts the engine any more. A renewed one has the same key; browsers have to be given it before the old one ends.`,
          ]
        : [
            message`The certificate of the internal CA begins ${view.fact(authorityBegins) ?? ''}. Before that, no browser and no host trusts the engine.`,
            message`A renewed one has the same key, and is valid at once; browsers have to be given it.`,
          ]),
    ],
  },
  preview: 'Renew PKI',
  remember: false,
  when: (view) => engineHere(view) && ((view.fact(authorityDaysLeft) ?? Infinity) < 365 || view.fact(authorityBegins) !== undefined),
  initial: false,
});

/**
 * The authorities above an imported certificate, as PEM; undefined where browsers see one of our own authority. As in the original, that is
 * told by a file of its own with another key than our authority has, so that an import by hand is respected as well.
 */
export const importedAuthority = fact('imported-authority', async (host) => {
  const pem = await readText(host, paths.webAuthority);
  const [theirs, ours] = [parseCertificate(pem), parseCertificate(await readText(host, paths.authority))];
  return theirs === undefined || (ours !== undefined && sameKey(theirs, ours)) ? undefined : pem;
});

export const webAuthority: Setting<'internal' | 'imported'> = setting({
  key: 'OVESETUP_PKI/httpsAuthority',
  section: 'pki',
  kind: choice('Internal', 'Imported'),
  about: 'Whether browsers see a certificate of the internal CA, or an imported one. What is there stays, unless this says something else.',
  remember: false,
  when: engineHere,
  initial: (view) => (view.stated(webCertificate) || view.fact(importedAuthority) !== undefined ? 'imported' : 'internal'),
  validate: (value, view) =>
    value === 'imported' && !view.stated(webCertificate) && view.fact(importedAuthority) === undefined
      ? 'no certificate has been imported; engine-setup pki import does that'
      : undefined,
});

export const webCertificate: Setting<string> = setting({
  key: 'OVESETUP_PKI/httpsCertificate',
  section: 'pki',
  kind: certificatesPem,
  about:
    'A certificate of another authority for browsers to see, and all certificates above it up to the root, in PEM. `engine-setup pki import` reads it from files.',
  remember: false,
  when: (view) => engineHere(view) && view.get(webAuthority) === 'imported',
  validate: (_value, view) => (view.stated(webKey) ? undefined : message`${webKey.key} is wanted, too`),
});

export const webKey: Setting<string> = setting({
  key: 'OVESETUP_PKI/httpsKey',
  section: 'pki',
  kind: keyPem,
  about: 'The private key of that certificate, in PEM and without a password.',
  secret: true,
  remember: false,
  when: (view) => engineHere(view) && view.find(webCertificate) !== undefined,
});

/** The file with the authorities that whoever asks services as browsers do has to trust. */
export const trusted = (view: View): string => (view.find(webAuthority) === 'imported' ? paths.webAuthority : paths.authority);
