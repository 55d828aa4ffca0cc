import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runTool, type ToolInput, type ToolRun } from '../support/directory-tool.ts';
import { adminPassword, giveRole } from '../support/engine.ts';
import { type Answer, freshSource } from '../support/https-client.ts';
import { useEngine } from '../support/running-engine.ts';

const running = useEngine();
const later = '2099-12-31 23:59:59Z';

const tool = (args: readonly string[], input?: ToolInput): Promise<ToolRun> => runTool(running.engine, args, input);
async function done(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await tool(args);
  expect([code, stderr]).toEqual([0, '']);
  return stdout;
}
const attach = (name: string) => giveRole(running.postgres, name, 'SuperUser');
const logIn = (user: string, password: string): Promise<Answer> =>
  running.engine.client('/ovirt-engine/sso/oauth/token', {
    form: { grant_type: 'password', username: `${user}@internal`, password, scope: 'ovirt-app-api' },
    headers: { accept: 'application/json' },
    from: freshSource(),
  });
const messageOf = async (answer: Promise<Answer>): Promise<string | undefined> =>
  (JSON.parse((await answer).body) as Record<string, string>)['error'];

describe('a user', () => {
  it('is added, gets a password, logs in, and is out when deleted', async () => {
    await done('user', 'add', 'anna', '--attribute=firstName=Anna', '--attribute=email=anna@example.net');
    await attach('anna');
    expect(await messageOf(logIn('anna', ''))).toBe('The user name or the password is wrong.');
    const reset = await tool(['user', 'password-reset', 'anna', '--password=env:NEW', `--password-valid-to=${later}`], {
      env: { NEW: 'Anna-s first 1' },
    });
    expect(reset).toEqual({ code: 0, stdout: 'The password of anna was set.', stderr: '' });
    const { access_token: token } = JSON.parse((await logIn('anna', 'Anna-s first 1')).body) as { access_token: string };
    const api = () => running.engine.client('/ovirt-engine/api', { headers: { authorization: `Bearer ${token}` } });
    expect((await api()).status).toBe(200);
    await done('user', 'delete', 'anna');
    expect((await api()).status).toBe(401);
    expect(await messageOf(logIn('anna', 'Anna-s first 1'))).toBe('The user name or the password is wrong.');
  });

  it('is shown as upstream shows it, with nothing of its password', async () => {
    await done(
      'user',
      'add',
      'berta',
      '--id=01234567-89ab-cdef-0123-456789abcdef',
      '--attribute=lastName=B\u001b[31m',
      `--account-valid-to=${later}`,
    );
    await tool(['user', 'password-reset', 'berta', '--password=interactive:'], { input: 'Berta-s first 1\n' });
    const shown = await done('user', 'show', 'berta');
    expect(shown).toMatch(/^ -- User berta\(01234567-89ab-cdef-0123-456789abcdef\) --\nNamespace: \*\nName: berta\nID: 01234567-/);
    expect(shown).toContain('Last Name: B?[31m');
    expect(shown).toContain(`Account Valid To: ${later}`);
    expect(shown).not.toMatch(/scrypt|Berta-s/);
  });

  it('is changed in what is named, and in nothing else', async () => {
    await done('user', 'add', 'carla', '--attribute=title=Dr', '--attribute=department=R1');
    await done('user', 'edit', 'carla', '--new-name=clara', '--attribute=title=', '--flag=+disabled');
    const shown = await done('user', 'show', 'clara');
    expect(shown).toContain('Title: \n');
    expect(shown).toContain('Department: R1');
    expect(shown).toContain('Account Disabled: true');
    await done('user', 'edit', 'clara', '--flag=-disabled');
    expect(await done('user', 'show', 'clara')).toContain('Account Disabled: false');
  });

  it('loses its sessions when the password is reset, and has to choose another by default', async () => {
    const { access_token: token } = JSON.parse((await logIn('admin', adminPassword)).body) as { access_token: string };
    await tool(['user', 'password-reset', 'admin', '--password=interactive:'], { input: 'Something new 1\n' });
    expect((await running.engine.client('/ovirt-engine/api', { headers: { authorization: `Bearer ${token}` } })).status).toBe(401);
    expect(await messageOf(logIn('admin', 'Something new 1'))).toMatch(
      /^The password has expired\. It can be changed at https:\/\/localhost:\d+\/ovirt-engine\/sso\/credentials-change\.html\.$/,
    );
    await tool(['user', 'password-reset', 'admin', '--password=interactive:', '--force', `--password-valid-to=${later}`], {
      input: `${adminPassword}\n`,
    });
    expect((await logIn('admin', adminPassword)).status).toBe(200);
  });

  it('who was barred, deleted or given another id has no session when that is taken back', async () => {
    const id = '11111111-2222-4333-8444-555555555555';
    const api = (token: string) => running.engine.client('/ovirt-engine/api', { headers: { authorization: `Bearer ${token}` } });
    const reset = () =>
      tool(['user', 'password-reset', 'emil', '--password=interactive:', '--force', `--password-valid-to=${later}`], {
        input: 'Emil-s own 1\n',
      });
    await done('user', 'add', 'emil', `--id=${id}`);
    await reset();
    await attach('emil');
    const other = '99999999-2222-4333-8444-555555555555';
    const waysOut: (readonly [() => Promise<unknown>, () => Promise<unknown>])[] = [
      [() => done('user', 'edit', 'emil', '--flag=+disabled'), () => done('user', 'edit', 'emil', '--flag=-disabled')],
      [() => done('user', 'edit', 'emil', '--flag=+nopass'), () => done('user', 'edit', 'emil', '--flag=-nopass')],
      [() => done('user', 'edit', 'emil', `--id=${other}`), () => done('user', 'edit', 'emil', `--id=${id}`)],
      [() => done('user', 'delete', 'emil'), () => done('user', 'add', 'emil', `--id=${id}`).then(reset)],
    ];
    for (const [bar, admit] of waysOut) {
      const { access_token: token } = JSON.parse((await logIn('emil', 'Emil-s own 1')).body) as { access_token: string };
      expect((await api(token)).status).toBe(200);
      await bar();
      await admit();
      expect((await logIn('emil', 'Emil-s own 1')).status).toBe(200);
      expect((await api(token)).status).toBe(401);
    }
  });

  it('without a password cannot log in with one', async () => {
    await done('user', 'add', 'dora');
    await attach('dora');
    await done('user', 'password-reset', 'dora', '--password=none:');
    expect(await messageOf(logIn('dora', ''))).toBe('The user name or the password is wrong.');
  });
});

describe('a password', () => {
  it('is never taken from the command line', async () => {
    const { code, stderr } = await tool(['user', 'password-reset', 'admin', '--password=pass:Canary-On-Argv']);
    expect(code).toBe(2);
    expect(stderr).toContain('does not belong on the command line');
    expect(stderr).not.toContain('Canary');
  });

  it('comes from the first line of a file', async () => {
    await done('user', 'add', 'emma');
    await attach('emma');
    const file = join(running.engine.folder, 'password');
    await writeFile(file, 'Emma-s first 1\r\nmore\n', { mode: 0o600 });
    await done('user', 'password-reset', 'emma', `--password=file:${file}`, `--password-valid-to=${later}`);
    expect((await logIn('emma', 'Emma-s first 1')).status).toBe(200);
  });

  it('obeys the rules unless they are forced, and is no former one', async () => {
    await done('settings', 'set', '--name=MIN_LENGTH', '--value=12');
    await done('user', 'add', 'frida');
    const reset = (password: string, ...more: string[]) =>
      tool(['user', 'password-reset', 'frida', '--password=interactive:', ...more], { input: `${password}\n` });
    expect(await reset('too short 1')).toMatchObject({ code: 1, stderr: 'The password needs at least 12 characters.' });
    expect((await reset('too short 1', '--force')).code).toBe(0);
    expect((await reset('long enough 1')).code).toBe(0);
    expect(await reset('too short 1 again').then(({ code }) => code)).toBe(0);
    expect(await reset('long enough 1')).toMatchObject({ code: 1, stderr: expect.stringContaining('used before') });
    await done('settings', 'set', '--name=MIN_LENGTH', '--value=6');
  });

  it.each([
    ['env:NOT_THERE', 1],
    ['file:/not/there', 1],
    ['nonsense', 2],
    ['interactive:', 1],
  ])('is missed when it is not there: %s', async (from, code) => {
    expect((await tool(['user', 'password-reset', 'admin', `--password=${from}`])).code).toBe(code);
  });
});

describe('groups', () => {
  it('hold users and groups, also in a circle', async () => {
    await done('user', 'add', 'gerda');
    for (const name of ['ops', 'staff', 'all']) await done('group', 'add', name, `--attribute=description=Everybody of ${name}`);
    await done('group-manage', 'useradd', 'ops', '--user=gerda');
    await done('group-manage', 'groupadd', 'staff', '--group=ops');
    await done('group-manage', 'groupadd', 'all', '--group=staff');
    await done('group-manage', 'groupadd', 'ops', '--group=all');
    expect(await done('group-manage', 'show', 'ops')).toBe('Users:\n  gerda\nGroups:\n  all');
    expect(await done('group', 'show', 'ops')).toContain('Description: Everybody of ops');
    expect(await tool(['group-manage', 'groupadd', 'ops', '--group=ops'])).toMatchObject({
      code: 1,
      stderr: 'A group cannot be its own member.',
    });
    expect((await tool(['group-manage', 'useradd', 'ops', '--user=gerda'])).code).toBe(1);
    await done('group-manage', 'userdel', 'ops', '--user=gerda');
    await done('group-manage', 'groupdel', 'ops', '--group=all');
    expect(await done('group-manage', 'show', 'ops')).toBe('Users:\nGroups:');
    await done('group', 'edit', 'ops', '--new-name=operators');
    await done('group', 'delete', 'operators');
    expect((await tool(['group', 'show', 'operators'])).code).toBe(1);
  });
});

describe('looking up', () => {
  it('finds users and groups by their attributes', async () => {
    await done('user', 'add', 'hanna_1', '--attribute=department=Research');
    await done('user', 'add', 'hannaX1');
    expect(await done('query', '--what=user', '--pattern=name=hanna_*')).not.toContain('hannaX1');
    expect(await done('query', '--what=user', '--pattern=department=res*')).toContain('User hanna_1(');
    expect(await done('query', '--what=group', '--pattern=name=sta*')).toContain('Group staff(');
    expect((await tool(['query', '--what=host'])).code).toBe(2);
  });
});

describe('settings', () => {
  it('are shown with what they mean, and set after a look at the value', async () => {
    expect(await done('settings', 'show', '--name=MIN_LENGTH')).toMatch(/^ -- Setting MIN_LENGTH --\nValue: 6\nDescription: /);
    expect(await done('settings', 'show')).toContain('Setting PASSWORD_COMPLEXITY');
    for (const [name, value] of [
      ['MIN_LENGTH', 'many'],
      ['MAX_LOGIN_MINUTES', '0'],
      ['PASSWORD_COMPLEXITY', 'x'],
      ['LOCK_MINUTES', '-1'],
    ]) {
      expect((await tool(['settings', 'set', `--name=${name}`, `--value=${value}`])).code).toBe(2);
    }
    expect((await tool(['settings', 'set', '--name=NONSENSE', '--value=1'])).code).toBe(1);
  });
});

describe('a mistake', () => {
  it.each([
    [['user', 'show', 'nobody'], 1, 'There is no user nobody.'],
    [['user', 'add', 'admin'], 1, 'There is another user with this name or id.'],
    [['user'], 2, 'There is no such command.'],
    [['user', 'show'], 2, 'The command is user show USER'],
    [['user', 'show', 'admin', 'x'], 2, 'The command is'],
    [['user', 'show', 'admin', '--force'], 2, 'user show takes no option --force.'],
    [['user', 'show', 'admin', '--nonsense=secret'], 2, 'There is no option --nonsense.'],
    [['user', 'add', 'x', '--account-valid-to=2031-02-31 00:00:00Z'], 2, 'A time has the form'],
    [['user', 'add', 'x', '--account-login-time=101'], 2, '336'],
    [['user', 'add', 'x', '--flag=disabled'], 2, '--flag is one of'],
    [['user', 'add', 'x', '--attribute=password=x'], 2, '--attribute is'],
    [['user', 'add', 'x\u0007y'], 2, 'A name has'],
    [['user', 'add', 'x', '--id=1'], 2, 'An id is'],
  ])('%j ends with %i and says what to do', async (args, code, text) => {
    const run = await tool(args);
    expect(run.code).toBe(code);
    expect(run.stderr).toContain(text);
    expect(run.stderr).not.toMatch(/secret|\.ts:|select /);
  });

  it('of the configuration is told without a trace', async () => {
    const { code, stderr } = await tool(['user', 'show', 'admin', '--db-config=/not/there']);
    expect(code).toBe(1);
    expect(stderr).not.toContain('.ts:');
  });
});
