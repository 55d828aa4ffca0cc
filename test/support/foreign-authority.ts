import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a certificate is to be; what is left out is as a public authority would have it. */
export interface Wanted {
  readonly name?: string;
  readonly key?: 'rsa:2048' | 'rsa:1024' | 'ec' | 'ed25519';
  readonly extensions?: readonly string[];
  /** As `openssl` takes them: YYYYMMDDHHMMSSZ. */
  readonly from?: string;
  readonly to?: string;
  readonly digest?: 'sha256' | 'sha1' | 'md5';
  /** Signed by this one instead of the one in the middle; its own name for one that signs itself. */
  readonly by?: string;
}

/** An authority of somebody else, made with openssl: a root, one in the middle, and what they sign. All files lie in a directory. */
export interface ForeignAuthority {
  readonly directory: string;
  path(file: string): string;
  read(file: string): string;
  /** Issues `<id>.pem` with `<id>.key`. */
  issue(id: string, wanted?: Wanted): void;
  openssl(...words: readonly string[]): string;
  remove(): void;
}

const ofAuthorities = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign'];
/** What a public authority writes into the certificate of a web server. */
export const ofServers = (names: string): readonly string[] => [
  'basicConstraints=CA:FALSE',
  'keyUsage=critical,digitalSignature',
  'extendedKeyUsage=serverAuth',
  `subjectAltName=${names}`,
];

const keyWords = {
  'rsa:2048': ['-newkey', 'rsa:2048'],
  'rsa:1024': ['-newkey', 'rsa:1024'],
  ec: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'],
  ed25519: ['-newkey', 'ed25519'],
} as const;

/** Makes one with `root.pem`, `middle.pem`, and both of them in `chain.pem`. */
export function foreignAuthority(): ForeignAuthority {
  const directory = mkdtempSync(join(tmpdir(), 'foreign-authority-'));
  const path = (file: string): string => join(directory, file);
  const openssl = (...words: readonly string[]): string =>
    execFileSync('openssl', words, { cwd: directory, encoding: 'utf8', stdio: 'pipe' });
  const issue = (
    id: string,
    { name = id, key = 'ec', extensions = ofServers('DNS:localhost'), by = 'middle', ...more }: Wanted = {},
  ): void => {
    const { from = '20200101000000Z', to = '20990101000000Z', digest = 'sha256' } = more;
    openssl('req', '-new', '-nodes', ...keyWords[key], '-keyout', `${id}.key`, '-out', `${id}.csr`, '-subj', `/O=Foreign/CN=${name}`);
    writeFileSync(path(`${id}.ext`), `[ext]\n${extensions.join('\n')}\n`);
    writeFileSync(
      path('ca.conf'),
      `[ca]\ndefault_ca=d\n[d]\nnew_certs_dir=.\ndatabase=index\nrand_serial=yes\npolicy=p\nunique_subject=no\n[p]\nO=optional\nCN=optional\n`,
    );
    writeFileSync(path('index'), '');
    const signer = by === id ? ['-selfsign', '-keyfile', `${id}.key`] : ['-cert', `${by}.pem`, '-keyfile', `${by}.key`];
    const validity = ['-startdate', from, '-enddate', to, '-md', digest];
    openssl(
      'ca',
      '-batch',
      '-notext',
      '-config',
      'ca.conf',
      ...signer,
      ...validity,
      '-extfile',
      `${id}.ext`,
      '-extensions',
      'ext',
      '-in',
      `${id}.csr`,
      '-out',
      `${id}.pem`,
    );
  };
  issue('root', { name: 'Foreign Root', key: 'rsa:2048', extensions: ofAuthorities, by: 'root' });
  issue('middle', { name: 'Foreign Middle', key: 'rsa:2048', extensions: ofAuthorities, by: 'root' });
  const read = (file: string): string => readFileSync(path(file), 'utf8');
  writeFileSync(path('chain.pem'), read('root.pem') + read('middle.pem'));
  return { directory, path, read, issue, openssl, remove: () => rmSync(directory, { recursive: true }) };
}
