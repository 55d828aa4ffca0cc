import { describe, expect, test } from 'vitest';
import { createDoor } from '../../../../src/services/ovn-provider/sign-on/door.ts';

/** An engine that knows tokens by their users, and a clock that stands still. */
function engine(users: Record<string, string>) {
  const asked: string[] = [];
  const ended: string[] = [];
  let now = 0;
  const sso = {
    signIn: (user: string, password: string) => Promise.resolve(password === 'right' ? `of ${user}` : null),
    userOf: (token: string) => (asked.push(token), Promise.resolve(users[token] ?? null)),
    signOut: (token: string) => (ended.push(token), Promise.resolve()),
    close: () => undefined,
  };
  return { asked, ended, door: createDoor(sso, 'admin@internal', () => now), pass: (ms: number) => (now += ms), users };
}

describe('the door of the provider', () => {
  test('remembers a right token for some seconds, and a wrong one never', async () => {
    const { asked, door, pass, users } = engine({ mine: 'admin@internal', other: 'someone@internal' });
    await door.admit('mine');
    pass(4_999);
    await door.admit('mine');
    expect(asked).toEqual(['mine']);
    delete users['mine'];
    pass(1);
    await expect(door.admit('mine')).rejects.toMatchObject({ status: 401 });
    for (let turn = 0; turn < 2; turn++) await expect(door.admit('other')).rejects.toMatchObject({ status: 403 });
    expect(asked).toEqual(['mine', 'mine', 'other', 'other']);
    for (const token of [undefined, '', 'x'.repeat(2000)]) await expect(door.admit(token)).rejects.toMatchObject({ status: 401 });
  });

  test('asks once for whoever comes at the same time, and again after a failure', async () => {
    const { asked, door, users } = engine({ mine: 'admin@internal' });
    await Promise.all(Array.from({ length: 5 }, () => door.admit('mine')));
    expect(asked).toHaveLength(1);
    await expect(Promise.all([door.admit('late'), door.admit('late')])).rejects.toMatchObject({ status: 401 });
    users['late'] = 'admin@internal';
    await door.admit('late');
    expect(asked).toEqual(['mine', 'late', 'late']);
  });

  test('ends the token of a user who signs in and may not come in', async () => {
    const { ended, door } = engine({ 'of admin@internal': 'admin@internal', 'of someone@internal': 'someone@internal' });
    expect(await door.signIn('admin@internal', 'right')).toBe('of admin@internal');
    await expect(door.signIn('admin@internal', 'wrong')).rejects.toMatchObject({ status: 401 });
    await expect(door.signIn('someone@internal', 'right')).rejects.toMatchObject({ status: 403 });
    expect(ended).toEqual(['of someone@internal']);
  });
});
