import { expect, it } from 'vitest';
import { createVerify, wrongCredentials } from '../../../../src/services/engine/sso/verify.ts';
import type { Database } from '../../../../src/services/frame/database.ts';
import { hash } from '../../../support/engine.ts';

const log = { info: () => undefined, warning: () => undefined, error: () => undefined };

/** Tries a wrong password and returns what was asked of the database, and what was written to the audit log. */
async function attempt(user: string): Promise<{ readonly asked: readonly string[]; readonly events: readonly string[] }> {
  const [asked, events]: [string[], string[]] = [[], []];
  const account = { id: 'there', passwordHash: hash('right'), withoutPassword: false };
  const database: Database = {
    async query<Row>(text: string, values: readonly unknown[] = []) {
      asked.push(text);
      return (text.includes('from aaa_jdbc.users where name') && values[0] === 'known' ? [account] : []) as Row[];
    },
    close: async () => undefined,
  };
  const verify = createVerify({
    database,
    audit: async ({ event }) => void events.push(event),
    log,
    now: () => 0,
    sleep: async () => undefined,
  });
  const verdict = await verify({ user, password: 'wrong', source: '192.0.2.1', correlationId: null }, async () => ({ in: true }));
  expect(verdict).toEqual({ refusal: wrongCredentials });
  return { asked, events };
}

it.each(['unknown@internal', 'known@elsewhere', 'known', '@internal', 'a\u0000b@internal', `${'x'.repeat(300)}@internal`])(
  'a wrong password of %s costs the same statements as one of an account that exists',
  async (user) => {
    const known = await attempt('known@internal');
    expect(known.asked).toHaveLength(2);
    expect(await attempt(user)).toEqual(known);
  },
);
