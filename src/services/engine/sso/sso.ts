import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import type { Database } from '../../frame/database.ts';
import type { Log } from '../../frame/log.ts';
import type { Audit } from '../audit.ts';
import type { Pages } from '../pages/pages.ts';
import type { Settings } from '../settings.ts';
import { type Authenticate, createAuthenticate } from './authenticate.ts';
import { authorizeRoutes } from './authorize-routes.ts';
import { createChangePassword } from './change-password.ts';
import { changePath, changeRoutes } from './change-routes.ts';
import { createRequireClient } from './client-credentials.ts';
import { createCodes } from './codes.ts';
import { createFormTokens, type FormTokens } from './form-token.ts';
import { createLoginPages } from './login-pages.ts';
import { loginRoutes } from './login-routes.ts';
import { logoutRoutes } from './logout-routes.ts';
import { createNotify } from './notices.ts';
import { openIdRoutes } from './openid-routes.ts';
import { createOpenId } from './openid.ts';
import { revokeRoutes } from './revoke-routes.ts';
import type { Sessions } from './sessions.ts';
import { tokenInfoRoutes } from './token-info-routes.ts';
import { tokenRoutes } from './token-routes.ts';
import { createVerify } from './verify.ts';

export interface SsoParts {
  readonly settings: Settings;
  readonly database: Database;
  readonly sessions: Sessions;
  readonly pages: Pages;
  readonly audit: Audit;
  readonly log: Log;
  readonly now: () => number;
}

/** Single sign-on: what others need of it, and its routes. */
export interface Sso {
  readonly authenticate: Authenticate;
  readonly formTokens: FormTokens;
  addRoutes(app: FastifyInstance): void;
}

/** Puts single sign-on together. */
export function createSso({ settings, database, sessions, pages, audit, log, now }: SsoParts): Sso {
  const { client, hostNames, tokenIdleSeconds, caCertificate, engineKey, issuer } = settings;
  const verify = createVerify({ database, audit, log, now, sleep });
  const authenticate = createAuthenticate({ verify, database, audit, now });
  const formTokens = createFormTokens(client.secret, hostNames);
  return {
    authenticate,
    formTokens,
    addRoutes(app) {
      const requireClient = createRequireClient(database, now);
      const codes = createCodes(database, tokenIdleSeconds, now);
      const notify = createNotify({ database, caCertificate, log });
      const openId = createOpenId({ database, issuer, keyFile: engineKey, now });
      const loginPages = createLoginPages({ database, hostNames, formTokens, pages });
      const changePassword = createChangePassword({ verify, database, sessions, log, now });

      loginRoutes(app, { database, sessions, authenticate, notify, formTokens, loginPages });
      changeRoutes(app, { changePassword, formTokens, loginPages });
      logoutRoutes(app, { sessions, audit, notify, formTokens, pages });
      authorizeRoutes(app, { database, sessions, codes, hostNames });
      tokenRoutes(app, {
        ...{ database, sessions, codes, audit, authenticate, requireClient, openId, tokenIdleSeconds, log, now },
        changePage: `${issuer}${changePath}`,
      });
      tokenInfoRoutes(app, { database, sessions, requireClient, client, log });
      revokeRoutes(app, { sessions, audit, requireClient, notify, log });
      openIdRoutes(app, { database, sessions, openId, log });
    },
  };
}
