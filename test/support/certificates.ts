import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';

/** A certificate and its key, by their files. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

export interface WantedCertificate {
  /** The authority that issues it, by its name in the same folder or by its files. Without one it is an authority itself. */
  readonly issuer?: string | CertificateFiles;
  /** As openssl takes it; `/O=Test/CN=` with the name unless given. */
  readonly subject?: string;
  /** Whom it is for, as openssl takes them: `DNS:localhost,IP:127.0.0.1`. */
  readonly names?: string;
  /** What for: `serverAuth,clientAuth`, say, or object identifiers. */
  readonly usage?: string;
  /** RSA of 2048 bits unless given; elliptic curves are quicker to make. */
  readonly keyType?: 'rsa' | 'ec';
  readonly days?: number;
}

const keyWords = { rsa: ['rsa:2048'], ec: ['ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'] } as const;

/** Makes `NAME.pem` with `NAME.key` in a folder by openssl, which knows nothing of how we issue certificates. */
export async function makeCertificate(
  folder: string,
  name: string,
  { issuer, subject = `/O=Test/CN=${name}`, names, usage, keyType = 'rsa', days = 30 }: WantedCertificate = {},
): Promise<CertificateFiles> {
  const by = typeof issuer === 'string' ? { certificate: `${issuer}.pem`, key: `${issuer}.key` } : issuer;
  const extensions = [
    `basicConstraints=critical,CA:${by === undefined ? 'TRUE' : 'FALSE'}`,
    ...(names === undefined ? [] : [`subjectAltName=${names}`]),
    ...(usage === undefined ? [] : [`extendedKeyUsage=${usage}`]),
  ];
  // Hundreds of names are more than an argument takes.
  await writeFile(join(folder, `${name}.cnf`), `[req]\ndistinguished_name=dn\n[dn]\n[ext]\n${extensions.join('\n')}\n`);
  await execa(
    'openssl',
    [
      ...['req', '-x509', '-newkey', ...keyWords[keyType], '-noenc', '-days', String(days), '-subj', subject],
      ...['-config', `${name}.cnf`, '-extensions', 'ext', '-keyout', `${name}.key`, '-out', `${name}.pem`],
      ...(by === undefined ? [] : ['-CA', by.certificate, '-CAkey', by.key]),
    ],
    { cwd: folder },
  );
  return { certificate: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) };
}
