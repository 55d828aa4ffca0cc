import type { Server } from 'node:http';
import type { FastifyInstance } from 'fastify';
import type { Database } from '../frame/database.ts';
import type { Log } from '../frame/log.ts';
import type { AskHost } from './agents/agents.ts';
import { createApiDoor } from './api/api-door.ts';
import { collectionRoutes } from './api/collection-routes.ts';
import { rootRoutes } from './api/root-routes.ts';
import { parseTarget, routedUrl } from './api/target.ts';
import { createAudit } from './audit.ts';
import { consoleRoutes } from './consoles/console-routes.ts';
import { createConsoles } from './consoles/consoles.ts';
import { machineConsoleRoutes } from './consoles/machine-console-routes.ts';
import { guardRoutes } from './http/access.ts';
import type { Secrets } from './hosts/secrets.ts';
import type { RequestHandler } from './http/listener.ts';
import { createServer } from './http/server.ts';
import { loadPages } from './pages/pages.ts';
import { portalRoutes } from './pages/portal-routes.ts';
import { staticRoutes } from './pages/static-routes.ts';
import { welcomeRoutes } from './pages/welcome-routes.ts';
import { pkiRoutes } from './pki/pki-routes.ts';
import { probeRoutes } from './probes.ts';
import { registerRoutes } from './registration/register-routes.ts';
import { createSendFailure } from './send-failure.ts';
import type { Settings } from './settings.ts';
import { createSessionDoor } from './sso/session-door.ts';
import type { Sessions } from './sso/sessions.ts';
import { createSso } from './sso/sso.ts';
import type { Version } from './version.ts';
import { vmconsoleRoutes } from './vmconsole/vmconsole-routes.ts';

export interface AppParts {
  readonly settings: Settings;
  readonly version: Version;
  readonly makeServer: (handler: RequestHandler) => Server;
  readonly database: Database;
  readonly databaseUp: () => Promise<boolean>;
  readonly sessions: Sessions;
  readonly log: Log;
  readonly now: () => number;
  /** Called when somebody has begun a command that goes on after its request is answered. */
  readonly commandBegun: () => void;
  readonly secrets: Secrets;
  readonly askHost: AskHost;
}

/** Puts the web server together: every route of the engine is named here. */
export async function createApp(parts: AppParts): Promise<FastifyInstance> {
  const { settings, version, makeServer, database, databaseUp, sessions, log, now, commandBegun, secrets, askHost } = parts;
  const { caCertificate, engineCertificate } = settings;
  const pages = await loadPages(version);
  const audit = createAudit(database, log, now);
  const sso = createSso({ settings, database, sessions, pages, audit, log, now });
  const { authenticate, formTokens } = sso;

  const consoles = createConsoles({
    ...{ database, sessions, askHost, caCertificate, engineCertificate, now },
    engineKey: settings.engineKey,
    issuer: settings.issuer,
    publicCertificate: settings.listen.strictTransport,
    tokenIdleSeconds: settings.tokenIdleSeconds,
  });
  const apiDoor = createApiDoor({ database, sessions, authenticate, now });
  const app = createServer({
    makeServer,
    behindProxy: settings.listen.behindProxy,
    strictTransport: settings.listen.strictTransport,
    routedUrl,
    letIn: async (request, reply) => {
      if (parseTarget(request.originalUrl) !== null) await apiDoor(request, reply);
    },
    sendFailure: createSendFailure(pages, log),
  });
  guardRoutes(app, {
    session: createSessionDoor(sessions),
    api: apiDoor,
  });

  welcomeRoutes(app, { sessions, formTokens, pages, caCertificate, databaseUp, log });
  portalRoutes(app, pages);
  await staticRoutes(app);
  await consoleRoutes(app, settings.hostNames, settings.listen.behindProxy);
  await machineConsoleRoutes(app, {
    ...{ database, consoles, formTokens, now },
    ...{ hostNames: settings.hostNames, behindProxy: settings.listen.behindProxy },
  });
  probeRoutes(app, databaseUp);
  pkiRoutes(app, { database, caCertificate, engineCertificate });
  registerRoutes(app, { database, caCertificate, engineCertificate, now, begun: commandBegun });
  vmconsoleRoutes(app, { database, caCertificate, log, now });
  sso.addRoutes(app);
  rootRoutes(app, { database, version, now });
  collectionRoutes(app, { database, log, now, begun: commandBegun, secrets, consoles });
  return app;
}
