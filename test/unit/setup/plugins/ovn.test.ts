import { describe, expect, test } from 'vitest';
import { defaultCredentials, ovnPassword, ovnUser } from '../../../../plugins/ovn/settings.ts';
import { isRemembered } from '../../../../src/setup/core/answers.ts';
import { newMachine } from '../../../../src/setup/host/memory/index.ts';
import { dialogue, goodPassword } from '../../../support/dialogue.ts';
import { conf, install } from '../../../support/installation.ts';

const byDefault = 'ovirt-provider-ovn-default-credentials';
const user = 'ovirt-provider-ovn-user';
const password = 'ovirt-provider-ovn-password';
const own = 'canary-Netz-99';

const ask = async (on: Parameters<typeof dialogue>[0] = {}) => {
  const result = await dialogue({ typed: {}, ...on, given: { 'OVESETUP_CONFIG/adminPassword': goodPassword, ...on.given } });
  return {
    ...result,
    asked: result.asked.filter((name) => [byDefault, user, password].includes(name)),
    values: [result.find(defaultCredentials), result.find(ovnUser), result.find(ovnPassword)],
  };
};

describe('the credentials of the OVN provider', () => {
  test.each([
    ['those of the administrator, for Enter', {}, [byDefault], [true, 'admin@internal', goodPassword]],
    ['others', { [byDefault]: 'no', [user]: 'ovn@internal', [password]: own }, [byDefault, user, password], [false, 'ovn@internal', own]],
    [
      'those of the administrator with a password of their own',
      { [byDefault]: 'no', [user]: '', [password]: 'another-Wort-88' },
      [byDefault, user, password],
      [false, 'admin@internal', 'another-Wort-88'],
    ],
  ] as const)('are %s', async (_, typed, asked, values) => {
    const result = await ask({ typed });
    expect(result.asked).toEqual(asked);
    expect(result.values).toEqual(values);
  });

  test('are not asked for where the provider is declined, the engine is elsewhere, or everything is below a root', async () => {
    expect((await ask({ given: { 'OVESETUP_OVN/ovirtProviderOvn': false } })).values).toEqual([undefined, undefined, undefined]);
    const elsewhere = { 'OVESETUP_ENGINE_CORE/enable': false, 'OVESETUP_ENGINE_CONFIG/fqdn': 'engine.example.net' };
    expect((await ask({ given: elsewhere })).asked).toEqual([]);
    expect((await ask({ sandbox: true })).asked).toEqual([]);
  });

  test('are taken from a file, which then decides that they are not those of the administrator', async () => {
    const given = { 'OVESETUP_OVN/ovirtProviderOvnUser': 'ovn@internal', 'OVESETUP_OVN/ovirtProviderOvnPassword': own };
    const { asked, values, problems } = await ask({ given });
    expect([asked, problems]).toEqual([[], []]);
    expect(values).toEqual([undefined, 'ovn@internal', own]);
    const { 'OVESETUP_OVN/ovirtProviderOvnPassword': _, ...without } = given;
    expect((await dialogue({ given: { 'OVESETUP_CONFIG/adminPassword': goodPassword, ...without } })).problems).toMatchObject([
      { id: 'OVESETUP_OVN/ovirtProviderOvnPassword' },
    ]);
  });

  test.each(['admin', '@internal', 'a b@internal', 'a@b@c', ''])('have no user %j', async (name) => {
    const { problems } = await dialogue({
      given: { 'OVESETUP_CONFIG/adminPassword': goodPassword, 'OVESETUP_OVN/ovirtProviderOvnUser': name },
    });
    expect(problems).toContainEqual(expect.objectContaining({ message: expect.stringContaining('A user is written as NAME@PROFILE') }));
  });

  test('are remembered only as far as somebody gave them: the password of the administrator is not theirs', async () => {
    const { answers } = await ask();
    expect(isRemembered(ovnPassword, answers)).toBe(false);
    const typed = await ask({ typed: { [byDefault]: 'no', [user]: 'ovn@internal', [password]: own } });
    expect(isRemembered(ovnPassword, typed.answers)).toBe(true);
  });

  test('are not asked for again by later runs, and nothing is missing then', async () => {
    const machine = newMachine();
    const { outcome } = await install({ machine, files: [conf({ 'OVESETUP_CONFIG/adminPassword': `str:${goodPassword}` })] });
    expect(outcome.failure).toBeUndefined();
    expect((await dialogue({ machine, typed: {} })).asked.filter((name) => name.startsWith('ovirt-provider-ovn'))).toEqual([]);
    expect((await dialogue({ machine })).problems).toEqual([]);
  });

  test('are asked for where a later run brings the provider in, when nobody knows the password of the administrator any more', async () => {
    const machine = newMachine();
    const answers = { 'OVESETUP_CONFIG/adminPassword': `str:${goodPassword}`, 'OVESETUP_OVN/ovirtProviderOvn': 'bool:False' };
    await install({ machine, files: [conf(answers)] });
    const typed = { [user]: '', [password]: own };
    const { asked, find } = await dialogue({ machine, typed, more: { reconfigureOptional: true } });
    expect(asked.filter((name) => name.startsWith('ovirt-provider-ovn'))).toEqual(['ovirt-provider-ovn', user, password]);
    expect([find(ovnUser), find(ovnPassword)]).toEqual(['admin@internal', own]);
  });
});
