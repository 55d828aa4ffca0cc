import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import Handlebars from 'handlebars';
import type { Database } from '../../frame/database.ts';
import { isUuid } from '../../frame/uuid.ts';
import { permits } from '../api/collections/permits.ts';
import { createWork } from '../api/work.ts';
import { callerOf } from '../http/access.ts';
import { formOf } from '../http/fields.ts';
import { notFound, Refusal } from '../http/refusal.ts';
import { sessionToken } from '../sso/browser-session.ts';
import type { FormTokens } from '../sso/form-token.ts';
import { loginName } from '../sso/principals.ts';
import { consoleTemplate, contentPolicy } from './console-routes.ts';
import type { Consoles, Viewer } from './consoles.ts';
import { openDisplay } from './console-work.ts';
import { type ProxyAddress, readProxyAddress } from './proxy-address.ts';

export interface MachineConsoleParts {
  readonly database: Database;
  readonly consoles: Consoles;
  readonly formTokens: FormTokens;
  readonly hostNames: readonly string[];
  /** Whether a web server in front leads to the WebSocket proxy, too. */
  readonly behindProxy: boolean;
  readonly now: () => number;
}

const route = '/ovirt-engine/services/console/:machine';
/** The page connects at once. */
const validSeconds = 120;
/**
 * The console of a virtual machine in a browser where somebody is logged in: the page of all consoles, which asks for its tickets itself. They
 * never stand in an address.
 */
export async function machineConsoleRoutes(app: FastifyInstance, parts: MachineConsoleParts): Promise<void> {
  const { database, consoles, formTokens, hostNames, behindProxy, now } = parts;
  const template = Handlebars.compile(await readFile(consoleTemplate, 'utf8'));
  const doWork = createWork(database, now, () => undefined);

  const machineOf = ({ params }: FastifyRequest): string => {
    const { machine } = params as { readonly machine: string };
    if (!isUuid(machine)) throw notFound();
    return machine;
  };
  const viewerOf = (request: FastifyRequest): Viewer => {
    const { principal } = callerOf(request);
    const { userId, administrator } = principal;
    return { userId, administrator, userName: loginName(principal), correlationId: randomUUID() };
  };
  /** Throws a refusal (409) where there is no proxy. */
  async function proxyOf({ hostname }: FastifyRequest, host: string | null): Promise<ProxyAddress> {
    const [row] = await database.query<{ value: string }>(
      `select option_value as value from vdc_options where option_name = 'WebSocketProxy' and version = 'general'`,
    );
    const proxy = readProxyAddress(row?.value ?? 'Off', { name: hostname, names: hostNames, behindProxy }, host);
    if (proxy === null) throw new Refusal(409, 'This engine has no WebSocket proxy, so browsers cannot show consoles.');
    return proxy;
  }

  app.get(route, { config: { access: 'session' } }, async (request, reply) => {
    const machine = machineOf(request);
    const { source } = await proxyOf(request, null);
    const html = template({ machine, formToken: formTokens.issue('console', sessionToken(request)) });
    const policy = contentPolicy(source === "'self'" ? source : `'self' ${source}`);
    return reply.headers({ 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy }).send(html);
  });

  app.post(`${route}/ticket`, { config: { access: 'session' } }, async (request, reply) => {
    const machine = machineOf(request);
    formTokens.check('console', sessionToken(request), formOf(request), request);
    const viewer = viewerOf(request);
    const wanted = { database, consoles, machine, type: 'vnc', viewer } as const;
    const work = openDisplay(wanted, validSeconds, async (found, display, password) => ({
      title: found.name,
      password,
      ticket: await consoles.proxyTicket(display),
      proxy: (await proxyOf(request, found.host?.address ?? null)).base,
    }));
    try {
      const { answer } = await doWork({ ...work, permit: permits.connect_to_vm }, viewer);
      return await reply.header('content-type', 'application/json').send(JSON.stringify(answer));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      // The page shows it.
      return reply
        .code(error.status)
        .headers({ ...error.headers, 'content-type': 'application/json' })
        .send(JSON.stringify({ message: error.message }));
    }
  });
}
