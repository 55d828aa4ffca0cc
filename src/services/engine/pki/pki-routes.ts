import type { X509Certificate } from 'node:crypto';
import { dirname, join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { Database } from '../../frame/database.ts';
import { one, queryOf } from '../http/fields.ts';
import { badRequest, Refusal } from '../http/refusal.ts';
import { readOption } from '../options.ts';
import { readCertificate } from './pem.ts';
import { toSshPublicKey } from './ssh-key.ts';

type Format = 'X509-PEM-CA' | 'X509-PEM' | 'OPENSSH-PUBKEY';

const mediaTypes: Readonly<Record<Format, string>> = {
  'X509-PEM-CA': 'application/x-x509-ca-cert',
  'X509-PEM': 'application/x-x509-cert',
  'OPENSSH-PUBKEY': 'text/plain; charset=utf-8',
};

export interface PkiParts {
  readonly database: Database;
  readonly caCertificate: string;
  readonly engineCertificate: string;
}

/** Public certificates and the engine's SSH key, by the parameters `resource`, `format` and `alias`. */
export function pkiRoutes(app: FastifyInstance, { database, caCertificate, engineCertificate }: PkiParts): void {
  const resources: ReadonlyMap<string, { file: string; formats: readonly [Format, ...Format[]] }> = new Map([
    ['ca-certificate', { file: caCertificate, formats: ['X509-PEM-CA', 'X509-PEM', 'OPENSSH-PUBKEY'] }],
    // The CA of displays has its place beside the main one, on installations that have it.
    ['qemu-ca-certificate', { file: join(dirname(caCertificate), 'qemu-ca.pem'), formats: ['X509-PEM-CA'] }],
    ['engine-certificate', { file: engineCertificate, formats: ['X509-PEM', 'OPENSSH-PUBKEY'] }],
  ]);

  async function write(certificate: X509Certificate, format: Format, alias: string | null): Promise<string> {
    if (format !== 'OPENSSH-PUBKEY') return certificate.toString();
    return toSshPublicKey(certificate.publicKey, alias ?? (await readOption(database, 'SSHKeyAlias')));
  }

  app.get('/ovirt-engine/services/pki-resource', { config: { access: 'public' } }, async (request, reply) => {
    const query = queryOf(request);
    const resource = resources.get(one(query, 'resource') ?? '');
    if (resource === undefined) throw badRequest('The resource is unknown.');
    const wanted = one(query, 'format') ?? resource.formats[0];
    const format = resource.formats.find((known) => known === wanted);
    if (format === undefined) throw badRequest('The resource is not available in this format.');
    const alias = one(query, 'alias');
    // The alias ends up in files like authorized_keys, where a second line would be a second key.
    if (alias !== null && !/^[\p{L}\p{N} ._@:-]{1,100}$/u.test(alias))
      throw badRequest('The alias contains characters that are not allowed.');

    const certificate = await readCertificate(resource.file);
    if (certificate === null) throw new Refusal(404, 'The file is missing.');
    return reply.header('content-type', mediaTypes[format]).send(await write(certificate, format, alias));
  });

  // Older console viewers look for it here.
  app.get('/ca.crt', { config: { access: 'public' } }, async (_request, reply) => {
    const certificate = await readCertificate(caCertificate);
    if (certificate === null) throw new Refusal(404, 'The file is missing.');
    return reply.header('content-type', mediaTypes['X509-PEM-CA']).send(certificate.toString());
  });
}
