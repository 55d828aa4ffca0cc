import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Database } from '../../frame/database.ts';
import { securityHeaders } from '../http/security-headers.ts';
import { Refusal } from '../http/refusal.ts';
import type { Pages } from '../pages/pages.ts';
import { understand, type WayBack } from './authorize-request.ts';
import { ensureFormCookie } from './form-cookie.ts';
import type { FormTokens } from './form-token.ts';

export interface LoginPage {
  /** What went wrong. */
  readonly message?: string;
  /** What went well. */
  readonly notice?: string;
  readonly username: string;
  /** Where to go on after the login. */
  readonly wayBack: WayBack | null;
}

export interface ChangePage {
  readonly messages: readonly string[];
  readonly username: string;
  readonly wayBack: WayBack | null;
}

/** The two forms that take a password. Each page has both ways out: to log in and to change the password. */
export interface LoginPages {
  login(request: FastifyRequest, reply: FastifyReply, page: LoginPage): Promise<FastifyReply>;
  change(request: FastifyRequest, reply: FastifyReply, page: ChangePage): FastifyReply;
}

export interface LoginPageParts {
  readonly database: Database;
  readonly hostNames: readonly string[];
  readonly formTokens: FormTokens;
  readonly pages: Pages;
}

/** Makes the pages. */
export function createLoginPages({ database, hostNames, formTokens, pages }: LoginPageParts): LoginPages {
  /**
   * A browser follows the answer to a form only to where `form-action` lets it, and after the login that is where the client is
   * called back. Only a registered address gets into the header, and only its origin.
   */
  async function policyFor(wayBack: WayBack): Promise<string> {
    const policy = securityHeaders['content-security-policy'];
    try {
      const { redirectUri } = await understand(wayBack.fields, database, hostNames);
      return policy.replace("form-action 'self'", `form-action 'self' ${new URL(redirectUri).origin}`);
    } catch (error) {
      // The end point itself will say what is wrong with the request.
      if (error instanceof Refusal) return policy;
      throw error;
    }
  }

  return {
    async login(request, reply, { message = null, notice = null, username, wayBack }) {
      if (wayBack !== null) reply.header('content-security-policy', await policyFor(wayBack));
      const formToken = formTokens.issue('login', ensureFormCookie(request, reply));
      return pages.send(reply, 'login', { message, notice, username, formToken, wayBack: wayBack?.text ?? null });
    },
    change(request, reply, { messages, username, wayBack }) {
      const formToken = formTokens.issue('password', ensureFormCookie(request, reply));
      return pages.send(reply, 'password', { messages, username, formToken, wayBack: wayBack?.text ?? null });
    },
  };
}
