import type { FastifyInstance } from 'fastify';
import { type Fields, one, queryOf } from '../http/fields.ts';
import { badRequest, Refusal } from '../http/refusal.ts';
import { readOption } from '../options.ts';
import { readCertificate } from '../pki/pem.ts';
import { toSshPublicKey } from '../pki/ssh-key.ts';
import { networkOf } from '../sso/network.ts';
import { createQuota } from './quota.ts';
import { readRegistrant } from './register-request.ts';
import { createRegistrations, type RegistrationParts } from './registrations.ts';

export interface RegisterParts extends RegistrationParts {
  readonly caCertificate: string;
  readonly engineCertificate: string;
}

/** How often machines may register, each of which makes work and perhaps an event. */
const rate = { windowMs: 60_000, ofNetwork: 20, ofAll: 120 } as const;
const text = 'text/plain; charset=utf-8';

/**
 * Where machines register themselves as hosts, as `vdsm-tool register` does it: `version` and `command` are parameters, and the answer is text.
 * Nobody logs in here, so all that comes of it is a host which waits until an administrator has compared its fingerprint.
 */
export function registerRoutes(app: FastifyInstance, parts: RegisterParts): void {
  const { database, caCertificate, engineCertificate, now } = parts;
  const registrations = createRegistrations(parts);
  const quota = createQuota(rate, now);

  async function certificateOf(file: string) {
    const certificate = await readCertificate(file);
    if (certificate === null) throw new Refusal(404, 'The file is missing.');
    return certificate;
  }

  async function answer(query: Fields, source: string): Promise<readonly [type: string, body: string]> {
    if (one(query, 'version') !== '1') throw badRequest('The version is not known; there is 1.');
    switch (one(query, 'command')) {
      case 'get-version':
        return [text, '1'];
      case 'get-pki-trust':
        return ['application/x-x509-ca-cert', (await certificateOf(caCertificate)).toString()];
      case 'get-ssh-trust': {
        const { publicKey } = await certificateOf(engineCertificate);
        return [text, toSshPublicKey(publicKey, await readOption(database, 'SSHKeyAlias'))];
      }
      case 'register': {
        const registrant = readRegistrant(query);
        const network = networkOf(source);
        if (!quota.take(network)) throw new Refusal(429, 'Too many machines register at once.', { 'retry-after': '60' });
        await registrations.register(registrant, network);
        return [text, 'OK\n'];
      }
      default:
        throw badRequest('The command is not known; there are get-version, get-pki-trust, get-ssh-trust and register.');
    }
  }

  app.get('/ovirt-engine/services/host-register', { config: { access: 'public' }, exposeHeadRoute: false }, async (request, reply) => {
    try {
      const [type, body] = await answer(queryOf(request), request.ip);
      return await reply.header('content-type', type).send(body);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      // Programs show this to whoever has called them.
      return reply.code(error.status).headers(error.headers).header('content-type', text).send(`${error.message}\n`);
    }
  });
}
