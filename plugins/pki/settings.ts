import { type View, fact, readText, setting, text } from '#kit';
import { parseCertificate } from '../../src/setup/pki/inspect.ts';
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
  settled: (view) => ofAuthority(view, 'C'),
  initial: 'US',
  validate: (value) => (/^[A-Z]{2}$/.test(value) ? undefined : 'Country is two capital letters, such as US'),
});
