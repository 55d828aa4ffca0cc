import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { file, text } from '#kit';
import {
  adminPassword as serverPassword,
  name,
  password as databasePassword,
  paths,
  present,
  user,
} from '../../../../plugins/database/settings.ts';
import {
  adminPassword,
  generateAdminPassword,
  installed,
  knownSecrets,
  paths as enginePaths,
  ssoClientSecret,
} from '../../../../plugins/engine/settings.ts';
import { fqdn } from '../../../../plugins/network/settings.ts';
import { newAnswers } from '../../../../src/setup/core/answers.ts';
import { memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { render } from '../../../../src/setup/render/render.ts';
import { dialogue } from '../../../support/dialogue.ts';
import { english } from '../../../support/fakes.ts';
import { conf, install } from '../../../support/installation.ts';

const acceptable = (value: string): boolean => {
  try {
    return text.parse(value) !== '';
  } catch {
    return false;
  }
};
const nasty = fc.string({
  unit: fc.constantFrom('a', '"', '\\', '$', "'", '#', '=', '{', '}', 'ENGINE_DB_PASSWORD=', ' ', 'é', '🐢', '%'),
  minLength: 1,
  maxLength: 30,
});
const passwords = fc.oneof(nasty, fc.string({ minLength: 1 }), fc.string({ unit: 'grapheme', minLength: 1 })).filter(acceptable);

describe('passwords of an earlier run', () => {
  test('are read back from the very files that were written, whatever they are', async () => {
    await fc.assert(
      fc.asyncProperty(passwords, passwords, async (engine, admin) => {
        const host = memoryHost(newMachine());
        const more = { secured: 'False', validated: 'False', server: 'setup' };
        const data = { host: 'localhost', port: 5432, user: 'engine', name: 'engine', password: engine, ...more };
        await host.files.write(paths.engineConfiguration, file(render('engine/10-setup-database.conf', data), 0o640));
        await host.files.write(paths.adminPassword, file(`${admin}\n`, 0o600));
        expect(await present.probe(host)).toMatchObject({
          password: engine,
          adminPassword: admin,
          name: 'engine',
          user: 'engine',
        });
      }),
      { numRuns: 300 },
    );
  });

  test('are unknown where there are no such files', async () => {
    expect(await present.probe(memoryHost(newMachine()))).toMatchObject({ password: undefined, adminPassword: undefined, cluster: false });
    expect(await knownSecrets.probe(memoryHost(newMachine()))).toEqual({ admin: undefined, client: undefined });
  });

  test('are not taken from a line that somebody has damaged', async () => {
    const host = memoryHost(newMachine());
    for (const line of ['ENGINE_DB_PASSWORD="open', 'ENGINE_DB_PASSWORD=bare', '#ENGINE_DB_PASSWORD="x"', 'ENGINE_DB_PASSWORD="a"b"']) {
      await host.files.write(paths.engineConfiguration, file(`${line}\n`, 0o640));
      expect((await present.probe(host)).password, line).toBeUndefined();
    }
  });

  test('and the secret of single sign-on are used again by the next run', async () => {
    const host = memoryHost(newMachine());
    await host.files.write(
      enginePaths.fragment('11-setup-sso.conf'),
      file(render('engine/11-setup-sso.conf', { httpsPort: 443, secret: 'a-b_C'.repeat(8) }), 0o640),
    );
    await host.files.write(enginePaths.adminPassword, file('made-up\n', 0o600));
    expect(await knownSecrets.probe(host)).toEqual({ admin: 'made-up', client: 'a-b_C'.repeat(8) });
  });

  test('survive a whole installation and a second run, however odd they are', async () => {
    const odd = `o'dd"p\\w$\{ENGINE_FQDN}#% é🐢`;
    const machine = newMachine();
    const files = [conf({ 'OVESETUP_CONFIG/adminPassword': 'str:canary-Wort-77', 'OVESETUP_DB/password': `str:${odd}` })];
    const first = await install({ machine, files });
    expect(first.outcome.failure, first.screen).toBeUndefined();
    expect(await present.probe(memoryHost(machine))).toMatchObject({ password: odd });
    // The second run is not told the password.
    const second = await install({ machine, files: [] });
    expect(second.outcome.failure, second.screen).toBeUndefined();
    expect(second.host.effects.filter((effect) => !effect.includes('/setup/answers/'))).toEqual([]);
  });
});

test('the password of a server that is there cannot be changed by an answer, which would lock setup out', async () => {
  const machine = newMachine({ prefix: '/srv/trial' });
  const files = [conf({ 'OVESETUP_CONFIG/adminPassword': 'str:canary-Wort-77' })];
  expect((await install({ machine, files })).outcome.failure).toBeUndefined();
  const other = conf({ 'OVESETUP_PROVISIONING/postgresAdminPassword': 'str:canary-Daten-88' });
  const { outcome, screen, host } = await install({ machine, files: [other] });
  expect(outcome.failure).toBeUndefined();
  expect(screen).toContain('OVESETUP_PROVISIONING/postgresAdminPassword (test.conf:2) has no effect: this host has another one already');
  expect(host.effects.filter((effect) => !effect.includes('/setup/answers/'))).toEqual([]);
});

describe('the password of the administrator', () => {
  const judge = async (value: string) => {
    const answers = newAnswers(new Map());
    answers.set(fqdn, { value: 'zorbalax.example.net', origin: { kind: 'given' } });
    return english(await adminPassword.validate?.(value, answers, memoryHost(newMachine())));
  };

  test('is refused when it is short, doubted when it is weak, and not repeated in the message', async () => {
    expect(await judge('abc')).toBe('The password is shorter than 6 characters');
    expect(await judge('password1')).toEqual({
      id: 'OVESETUP_CONFIG_WEAK_ENGINE_PASSWORD',
      doubt: 'The password is weak: it is a very common password',
      question: 'Use weak password?',
      acceptedWhenGiven: true,
    });
    expect(await judge('zorbalax')).toMatchObject({ doubt: expect.stringContaining('a word that belongs to this installation') });
    expect(await judge('canary-Wort-77')).toBeUndefined();
  });

  test('is made up only where that is wanted, and then kept over runs that were cut off', () => {
    const initial = adminPassword.initial as (
      view: ReturnType<typeof newAnswers>,
      host: ReturnType<typeof memoryHost>,
    ) => string | undefined;
    const host = memoryHost(newMachine());
    const views = (known: string | undefined) =>
      newAnswers(
        new Map<string, unknown>([
          [knownSecrets.id, { admin: known }],
          [installed.id, false],
        ]),
      );
    const view = views(undefined);
    view.set(generateAdminPassword, { value: false, origin: { kind: 'computed' } });
    expect(initial(view, host)).toBeUndefined();
    view.set(generateAdminPassword, { value: true, origin: { kind: 'given' } });
    expect(initial(view, host)).toMatch(/^[\w-]{20}$/);
    const later = views('from before');
    later.set(generateAdminPassword, { value: true, origin: { kind: 'given' } });
    expect(initial(later, host)).toBe('from before');
  });
});

describe('secrets that are made up', () => {
  const given = { 'OVESETUP_CONFIG/generateAdminPassword': true };
  const all = [databasePassword, serverPassword, ssoClientSecret, adminPassword];

  test('pass their own validation, and are told to be hidden', async () => {
    const hidden: string[] = [];
    const { answers, find } = await dialogue({ given, sandbox: true, more: { hide: (secret) => void hidden.push(secret) } });
    for (const setting of all) {
      const value = find(setting) ?? '';
      expect(text.parse(value), setting.key).toBe(value);
      expect(await setting.validate?.(value, answers, memoryHost(newMachine())), setting.key).toBeUndefined();
      expect(hidden, setting.key).toContain(value);
    }
  });

  test.each([
    [databasePassword.key, 'short', 'The database password is shorter than 6 characters'],
    [serverPassword.key, 'short', 'The database password is shorter than 6 characters'],
    [adminPassword.key, 'short', 'The password is shorter than 6 characters'],
    [ssoClientSecret.key, 'a'.repeat(31), 'must be at least 32 letters, digits, hyphens or underscores'],
    [ssoClientSecret.key, `${'a'.repeat(40)}"`, 'must be at least 32 letters, digits, hyphens or underscores'],
  ])('may not be replaced by something shorter or odd: %s=%s', async (key, value, why) => {
    const { problems } = await dialogue({ given: { ...given, [key]: value }, sandbox: true });
    expect(problems.map(({ message }) => message)).toEqual([`${key} (a.conf:1): ${why}`]);
  });

  test('are none for the administrator of the server of a whole host, who needs no password', async () => {
    expect((await dialogue({ given })).find(serverPassword)).toBeUndefined();
  });

  test('are not made up for the administrator unless that is wanted, and then nobody is asked', async () => {
    const { asked, find } = await dialogue({ given, typed: {} });
    expect(asked).not.toContain('OVESETUP_CONFIG_ADMIN_SETUP');
    expect(find(adminPassword)).toMatch(/^[\w-]{20}$/);
    expect((await dialogue({})).problems.map(({ id }) => id)).toEqual([adminPassword.key]);
  });
});

test.each([name, user])('$key takes only names that need no quotes anywhere', async (setting) => {
  const judge = async (value: string) => english(await setting.validate?.(value, newAnswers(new Map()), memoryHost(newMachine())));
  for (const value of ['engine', '_x', 'a1_b', 'a'.repeat(63)]) expect(await judge(value), value).toBeUndefined();
  for (const value of ['', 'Engine', '1a', 'a-b', 'a b', 'a"b', "a'; drop table x; --", 'a\nb', 'é', 'a'.repeat(64)])
    expect(await judge(value), value).toContain('must begin with a small letter');
});
