import { generateKeyPair, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { certificates as certificateTable } from '../plugins/pki/certificates.ts';
import { issueAuthority, issueLeaf } from '../src/setup/pki/issue.ts';
import { interleaved, runToEnd, timed } from './measure.ts';
import { inTemporaryDirectory } from './program.ts';
import type { Result } from './result.ts';

/** The certificates of an installation: an authority with 3072 bits and the leaves of the table with 2048, each with a new key. */
const leaves = certificateTable.map(({ name }) => name);
const organization = 'example.org';
const fqdn = 'engine.example.org';
const days = { authority: 3650, leaf: 1825 };

const generate = promisify(generateKeyPair);
const newKey = async (bits: number): Promise<string> => {
  const { privateKey } = await generate('rsa', { modulusLength: bits });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
};

/** Our way: keys in parallel by the runtime, certificates put together in this process. */
async function ours(): Promise<void> {
  const [key, ...keys] = await Promise.all([newKey(3072), ...leaves.map(() => newKey(2048))]);
  const common = () => ({ serial: randomBytes(16), now: new Date() });
  const subject = (commonName: string) => ({ country: 'US', organization, commonName });
  const certificate = issueAuthority({ ...common(), key, subject: subject(`${fqdn}.authority`), days: days.authority });
  for (const leafKey of keys) {
    issueLeaf({
      ...common(),
      key: leafKey,
      subject: subject(fqdn),
      days: days.leaf,
      authority: { certificate, key },
      names: [fqdn],
      usages: ['serverAuth', 'clientAuth'],
    });
  }
}

/** The same with the openssl command line, one process for each certificate and its key. */
async function openssl(directory: string): Promise<void> {
  const at = (name: string): string => join(directory, name);
  const request = (name: string, commonName: string, more: readonly string[]) =>
    runToEnd({
      argv: [
        'openssl',
        ...['req', '-x509', '-sha256', '-nodes', '-config', at('openssl.cnf')],
        ...['-subj', `/C=US/O=${organization}/CN=${commonName}`, '-keyout', at(`${name}.key`), '-out', at(`${name}.pem`)],
        ...more,
      ],
    });
  await request('ca', `${fqdn}.authority`, ['-newkey', 'rsa:3072', '-days', `${days.authority}`, '-extensions', 'authority']);
  for (const leaf of leaves) {
    const signer = ['-CA', at('ca.pem'), '-CAkey', at('ca.key')];
    await request(leaf, fqdn, ['-newkey', 'rsa:2048', '-days', `${days.leaf}`, '-extensions', 'leaf', ...signer]);
  }
}

/** The extensions of our certificates in the language of openssl. */
const configuration = `
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature, keyEncipherment
extendedKeyUsage = serverAuth, clientAuth
subjectAltName = DNS:${fqdn}
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
`;

/** How long all keys and certificates of an installation take, against openssl. */
export async function certificates(): Promise<readonly Result[]> {
  const samples = await inTemporaryDirectory(async (directory) => {
    await writeFile(join(directory, 'openssl.cnf'), configuration);
    return interleaved(7, { ours: () => timed(ours), openssl: () => timed(() => openssl(directory)) });
  });
  return [
    {
      name: `keys and certificates (1 authority, ${leaves.length} leaves)`,
      unit: 'ms',
      ours: samples.ours,
      peer: { name: 'openssl', sample: samples.openssl },
      target: { ratio: 0.5 },
    },
  ];
}
