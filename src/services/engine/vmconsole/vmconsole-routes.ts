import type { FastifyInstance } from 'fastify';
import type { Database } from '../../frame/database.ts';
import { BadEnvelope, openVerified, verifyEnvelope } from '../../frame/envelope.ts';
import type { Log } from '../../frame/log.ts';
import { createUsedEnvelopes } from '../../frame/used-envelopes.ts';
import { badRequest, Refusal } from '../http/refusal.ts';
import { readNumber } from '../options.ts';
import { readCertificate } from '../pki/pem.ts';
import { writeConsoleEvent } from './console-events.ts';
import { keyOfProxy } from './proxy-envelope.ts';
import { BadProxyRequest, type ProxyRequest, readProxyRequest } from './proxy-request.ts';
import { accessTo, consolesOf, ownersOfKey } from './serial-consoles.ts';

export interface VmconsoleParts {
  readonly database: Database;
  readonly caCertificate: string;
  readonly log: Log;
  /** In milliseconds since 1970. */
  readonly now: () => number;
}

/** An envelope with a key and a certificate in it. */
const longestBody = 65_536;
/** What is remembered of an envelope has to outlast every tolerance: a longer one that somebody has written counts as this. */
const longestToleranceMs = 600_000;

/**
 * What the VM console proxy asks: whose key somebody has shown, which consoles a user may connect to, and whether one of them may be used
 * (still). Nobody logs in here: the envelope is the proof, and each is good for one question.
 */
export function vmconsoleRoutes(app: FastifyInstance, parts: VmconsoleParts): void {
  const used = createUsedEnvelopes(longestToleranceMs);

  /** Throws BadEnvelope, or a refusal (503). */
  async function open(body: string): Promise<string> {
    const { database, caCertificate } = parts;
    const authority = await readCertificate(caCertificate);
    if (authority === null) throw new Error(`${caCertificate} is missing`);
    const now = parts.now();
    const signed = verifyEnvelope(body.trim(), {
      signerOf: (certificate) => keyOfProxy(certificate, authority, now),
      by: 'the holder of its certificate',
    });
    // Nobody else makes us ask the database.
    const toleranceMs = Math.min(longestToleranceMs, await readNumber(database, 'VMConsoleTicketTolerance'));
    const envelope = openVerified(signed, { now, earlyMs: toleranceMs, lateMs: toleranceMs });
    const found = used.use(envelope, now);
    if (found === 'used') throw new BadEnvelope('has been used before');
    if (found === 'full') throw new Refusal(503, 'Too many envelopes are valid at once.');
    return envelope.data;
  }

  async function answer(request: ProxyRequest): Promise<object> {
    const { database } = parts;
    switch (request.command) {
      case 'public_keys': {
        const found = await ownersOfKey(database, request.key);
        const keys = found.map(({ userId, userName, key }) => ({ entityid: userId, entity: userName, key }));
        return { content: 'key_list', keys };
      }
      case 'available_consoles': {
        const found = await consolesOf(database, request.userId);
        const consoles = found.map(({ vmId, vmName, host }) => ({ vmid: vmId, vmname: vmName, host, console: 'default' }));
        return { content: 'console_list', consoles };
      }
      case 'console_access': {
        const access = await accessTo(database, request);
        await writeConsoleEvent(parts, request, access);
        return { content: 'console_access', allowed: access.allowed };
      }
    }
  }

  void app.register(async (scope) => {
    scope.addContentTypeParser('text/plain', { parseAs: 'string', bodyLimit: longestBody }, (_request, body, done) => done(null, body));
    scope.post('/ovirt-engine/services/vmconsole-proxy', { config: { access: 'public' } }, async (request, reply) => {
      if (typeof request.body !== 'string') throw new Refusal(415, 'The body is text/plain.');
      try {
        const asked = readProxyRequest(await open(request.body));
        return await reply
          .headers({ 'content-type': 'application/json', 'cache-control': 'no-store' })
          .send(JSON.stringify({ version: '1', ...(await answer(asked)) }));
      } catch (error) {
        if (error instanceof BadEnvelope) {
          parts.log.warning('envelope of a VM console proxy refused', { reason: error.message, source: request.ip });
          throw new Refusal(403, 'The envelope is not taken.');
        }
        if (error instanceof BadProxyRequest) throw badRequest('The question cannot be understood.');
        throw error;
      }
    });
  });
}
