import { isIP } from 'node:net';
import { type HostReader, type Kind, type Setting, type View, fact, message, readText, setting, text } from '#kit';
import { belongsTo, covers, parseCertificate } from '../../src/setup/pki/inspect.ts';
import { certificatesPem } from '../../src/setup/pki/pem-kinds.ts';

/* What the engine tells a machine that is to become a compute node, and where that lies there. */

/** Accounts of a node. That of the agent has the number that exports of storage are made for. */
export const accounts = { agent: 'vdsm', vmconsole: 'ovirt-vmconsole' } as const;
/** User and group of the agent's account. */
export const agentId = 36;

const home = '/etc/pki/vdsm';
const consoles = '/etc/pki/ovirt-vmconsole';

export const paths = {
  folders: ['/etc/pki', home, `${home}/certs`, `${home}/keys`, `${home}/requests`, consoles],
  key: `${home}/keys/vdsmkey.pem`,
  certificate: `${home}/certs/vdsmcert.pem`,
  /** Who vouches for the engine, and for other hosts. */
  authority: `${home}/certs/cacert.pem`,
  request: `${home}/requests/vdsm.csr`,
  /** The key of the SSH server for serial consoles. */
  consoleKey: `${consoles}/host-ssh_host_rsa`,
  consolePublicKey: `${consoles}/host-ssh_host_rsa.pub`,
  consoleCertificate: `${consoles}/host-ssh_host_rsa-cert.pub`,
  consoleAuthority: `${consoles}/ca.pub`,
} as const;

/** Letters, digits and hyphens in labels, or an IP address: it goes into certificates and files. */
const isAddress = (value: string): boolean =>
  isIP(value) !== 0 || (value.length <= 253 && value.split('.').every((label) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i.test(label)));

export const address = setting({
  key: 'OVESETUP_NODE/address',
  section: 'network',
  kind: text,
  about: 'The name or address by which the engine reaches this host; its certificate is made for it.',
  keep: true,
  validate: (value) => (isAddress(value) ? undefined : 'the name or IP address of one host is expected'),
});

/** Whether this run makes a compute node; otherwise none of its settings is there. */
export const nodeHere = (view: View): boolean => view.find(address) !== undefined;

/** What an earlier run has left. */
const present = async (host: HostReader, path: string): Promise<string> => (await readText(host, path)) ?? '';
export const enrolment = fact('node-enrolment', async (host) => ({
  authority: await present(host, paths.authority),
  certificate: await present(host, paths.certificate),
  consoleAuthority: (await present(host, paths.consoleAuthority)).trim(),
  consoleCertificate: (await present(host, paths.consoleCertificate)).trim(),
}));

export const engineKey = setting({
  key: 'OVESETUP_NODE/engineKey',
  section: 'network',
  kind: text,
  about: 'The public key that the engine logs in with, as a line of authorized_keys; nothing: nobody is let in by this run.',
  keep: true,
  initial: '',
  validate: (value) =>
    value === '' || /^ssh-(rsa|ed25519) [A-Za-z0-9+/]+={0,2}( [\w@. -]*)?$/.test(value)
      ? undefined
      : 'a line of authorized_keys is expected',
});

/** Certificates, or none yet. */
const perhapsPem: Kind<string> = { ...certificatesPem, parse: (raw) => (raw === '' ? '' : certificatesPem.parse(raw)) };

export const authority: Setting<string> = setting({
  key: 'OVESETUP_NODE/authority',
  section: 'pki',
  kind: certificatesPem,
  about: 'The certificate of the authority of the engine, in PEM.',
  remember: false,
  initial: (view) => view.fact(enrolment).authority,
});

export const certificate: Setting<string> = setting({
  key: 'OVESETUP_NODE/certificate',
  section: 'pki',
  kind: perhapsPem,
  about: 'The certificate that the engine has issued for the key of this host, in PEM. Without one only key and request are made.',
  remember: false,
  initial: (view) => view.fact(enrolment).certificate,
  async validate(value, view, host) {
    if (value === '') return undefined;
    const [own, ca] = [parseCertificate(value), parseCertificate(view.get(authority))];
    if (own === undefined) return 'a certificate in PEM is expected';
    if (!belongsTo(own, await readText(host, paths.key))) return 'it was issued for another key than that of this host';
    if (!covers(own, view.get(address))) return message`it does not speak for ${view.get(address)}`;
    return ca !== undefined && own.checkIssued(ca) && own.verify(ca.publicKey)
      ? undefined
      : 'the authority of the engine has not issued it';
  },
});

const line = /^ssh-rsa(-cert-v01@openssh\.com)? [A-Za-z0-9+/]+={0,2}( [\w@.:-]*)?$/;

export const consoleAuthority = setting({
  key: 'OVESETUP_NODE/consoleAuthority',
  section: 'pki',
  kind: text,
  about: 'The public key of the authority that vouches for the proxy for serial consoles, as SSH writes it.',
  remember: false,
  initial: (view) => view.fact(enrolment).consoleAuthority,
  validate: (value) => (value === '' || line.test(value) ? undefined : 'a public key of SSH is expected'),
});

export const consoleCertificate = setting({
  key: 'OVESETUP_NODE/consoleCertificate',
  section: 'pki',
  kind: text,
  about: 'The certificate of the SSH server for serial consoles of this host, as SSH writes it.',
  remember: false,
  initial: (view) => view.fact(enrolment).consoleCertificate,
  validate: (value) => (value === '' || line.test(value) ? undefined : 'a certificate of SSH is expected'),
});

/** Whether the engine has issued certificates: without them a host has a key and requests, and nothing that runs. */
export const isEnrolled = (view: View): boolean =>
  nodeHere(view) && [authority, certificate, consoleAuthority, consoleCertificate].every((one) => (view.find(one) ?? '') !== '');

/** What a node is made of: nothing of it is needed before there is a certificate. With iptables comes what libvirt filters frames with. */
export const nodePackages = (view: View): readonly string[] =>
  isEnrolled(view)
    ? ['libvirt-daemon-system', 'libvirt-clients', 'qemu-system-x86', 'qemu-utils', 'ovmf', 'iptables', 'sanlock', 'openssh-server']
    : [];
