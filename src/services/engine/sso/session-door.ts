import type { Door } from '../http/access.ts';
import { Refusal } from '../http/refusal.ts';
import { browserSession } from './browser-session.ts';
import type { Sessions } from './sessions.ts';

/** Lets in browsers that are logged in, and sends the others to the login form. */
export const createSessionDoor =
  (sessions: Sessions): Door =>
  async (request) => {
    const session = await browserSession(request, sessions);
    if (session === null) throw new Refusal(303, 'Please log in first.', { location: '/ovirt-engine/sso/login.html' });
    return session;
  };
