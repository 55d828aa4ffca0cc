import { type View, fact, message, readText, setting, text, yesNo } from '#kit';
import { parseCertificate } from '../../src/setup/pki/inspect.ts';
import { engineHere } from '../engine/settings.ts';
import { fqdn } from '../network/settings.ts';

const home = '/etc/pki/ovirt-engine';

/** Where the PKI keeps its files; the layout is the one that administrators and other programs know. */
export const paths = {
  home,
  authority: `${home}/ca.pem`,
  authorityKey: `${home}/private/ca.pem`,
  certificate: (name: string): string => `${home}/certs/${name}.cer`,
  key: (name: string): string => `${home}/keys/${name}.key.nopass`,
} as const;

/** Subject of our authority's certificate, where there is one. */
export const authoritySubject = fact('authority-subject', async (host) => parseCertificate(await readText(host, paths.authority))?.subject);

/** Days until our authority's certificate ends; undefined where there is none. */
export const authorityDaysLeft = fact('authority-days-left', async (host) => {
  const found = parseCertificate(await readText(host, paths.authority));
  return found === undefined ? undefined : (found.validToDate.getTime() - host.now().getTime()) / (24 * 3600 * 1000);
});

/** A part of the authority's subject, which node prints as one `NAME=value` a line, escaped as RFC 2253 wants it. */
const ofAuthority = (view: View, part: string): string | undefined =>
  view
    .fact(authoritySubject)
    ?.split('\n')
    .find((line) => line.startsWith(`${part}=`))
    ?.slice(part.length + 1)
    .replace(/\\([0-9A-F]{2}|.)/g, (_, what: string) => (what.length === 2 ? String.fromCharCode(parseInt(what, 16)) : what));

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

export const renew = setting({
  key: 'OVESETUP_PKI/renew',
  section: 'pki',
  kind: yesNo,
  about:
    'Renews the certificate of the internal CA, with the same key, when it ends within a year. Certificates of services are renewed by themselves.',
  ask: {
    name: 'OVESETUP_RENEW_PKI',
    text: 'Renew certificates?',
    notes: (view) => [
      message`The certificate of the internal CA ends in ${Math.floor(view.fact(authorityDaysLeft) ?? 0)} days. When it has ended, no browser and no host`,
      'trusts the engine any more. A renewed one has the same key; browsers have to be given it before the old one ends.',
    ],
  },
  preview: 'Renew PKI',
  remember: false,
  when: (view) => engineHere(view) && (view.fact(authorityDaysLeft) ?? Infinity) < 365,
  initial: false,
});
