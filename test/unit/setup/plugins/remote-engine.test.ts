import { describe, expect, test } from 'vitest';
import { keysIn, nameInKnownHosts } from '../../../../plugins/remote-engine/known-hosts.ts';
import { failureText } from '../../../../plugins/remote-engine/login.ts';
import { engineFqdn, hostKey as hostKeySetting, rootPassword, setupStyle, sshPort } from '../../../../plugins/remote-engine/settings.ts';
import { isRemembered } from '../../../../src/setup/core/answers.ts';
import { type Machine, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { file, inEnglish } from '#kit';
import { dialogue, goodPassword } from '../../../support/dialogue.ts';
import { besideEngineHost } from '../../../support/engine-elsewhere.ts';
import { hostKey, knownAs, runOnEngine, sshServers } from '../../../support/ssh-server.ts';

const [name, style, port, password] = [
  'OVESETUP_NETWORK_FQDN_the_engine',
  'REMOTE_ENGINE_SETUP_STYLE',
  'SSH_ACCESS_REMOTE_ENGINE_PORT',
  'SSH_ACCESS_REMOTE_ENGINE_PASSWORD',
];
const [dwh, websocket] = ['OVESETUP_DWH_CORE/enable', 'OVESETUP_CONFIG/websocketProxyConfig'];
const machine = (more: Partial<Machine> = {}) =>
  besideEngineHost(goodPassword, {
    names: new Map([
      ['dwh.example.net', ['192.0.2.10']],
      ['engine.example.net', ['192.0.2.30']],
    ]),
    hostname: 'dwh.example.net',
    sshServers: sshServers(goodPassword, 'engine.example.net:22', 'engine.example.net:2222'),
    ...more,
  });
const none = { 'OVESETUP_ENGINE_CORE/enable': false, [dwh]: false, [websocket]: false };
const confirmation = 'remote-host-key';
const ask = async (
  given: Readonly<Record<string, unknown>>,
  typed: Readonly<Record<string, string | readonly string[]>> = {},
  more: Partial<Machine> = {},
) => {
  const result = await dialogue({
    machine: machine(more),
    given: { ...none, ...given },
    typed: { [name]: 'engine.example.net', [confirmation]: 'yes', OVESETUP_ENGINE_DB_HOST: 'engine.example.net', ...typed },
  });
  return { ...result, asked: result.asked.filter((one) => [name, style, port, password].includes(one)) };
};

describe('an engine on another host', () => {
  test.each([
    [{ [dwh]: true }, [name, style, port, password]],
    [{ [websocket]: true }, [name, style, port, password]],
    [{}, []],
    [{ 'OVESETUP_ENGINE_CORE/enable': true, [dwh]: true }, []],
  ])('is asked for where a component here works for it: %j', async (given, asked) => {
    expect((await ask(given)).asked).toEqual(asked);
  });

  test('has a name that resolves', async () => {
    const { find, dialog, asked } = await ask(
      { [websocket]: true, 'OVESETUP_CONFIG/remoteEngineSetupStyle': 'manual_files' },
      { [name]: ['', 'bad_name', 'nowhere.example.net', 'engine.example.net'] },
    );
    expect(asked).toHaveLength(4);
    expect(find(engineFqdn)).toBe('engine.example.net');
    expect(dialog.logged.filter(([level]) => level === 'error').map(([, line]) => line)).toEqual([
      'Please specify a value',
      'Host name is not valid: only letters, digits, hyphens and dots may stand in it',
      expect.stringContaining('nowhere.example.net did not resolve'),
    ]);
  });

  test('is configured over ssh for Enter, or with files', async () => {
    const ssh = await ask({ [dwh]: true });
    expect([ssh.find(setupStyle), ssh.find(sshPort)]).toEqual(['auto_ssh', 22]);
    const files = await ask({ [dwh]: true }, { [style]: 'manual_files' });
    expect(files.asked).toEqual([name, style]);
    expect(files.find(sshPort)).toBeUndefined();
  });

  test('has a password of root that is hidden and in no answer file', async () => {
    const { dialog, answers, find } = await ask({ [dwh]: true });
    expect(dialog.asked.find((question) => question.name === password)?.hidden).toBe(true);
    expect(find(rootPassword)).not.toBeUndefined();
    expect(isRemembered(rootPassword, answers)).toBe(false);
  });

  test('is asked for its port again where no SSH server answers', async () => {
    const { find, dialog, asked } = await ask({ [dwh]: true }, { [port]: ['2022', '2222'] });
    expect(asked.filter((one) => one === port)).toHaveLength(2);
    expect(find(sshPort)).toBe(2222);
    expect(dialog.logged).toContainEqual(['error', 'No SSH server answers at engine.example.net, port 2022']);
  });
});

/** A disk with these files of root. */
const withFiles = (files: Readonly<Record<string, string>>): Partial<Machine> => ({
  disk: new Map([...newMachine().disk, ...Object.entries(files).map(([path, text]) => [path, file(text, 0o600)] as const)]),
});
const errors = ({ dialog }: Awaited<ReturnType<typeof ask>>) =>
  dialog.logged.filter(([level]) => level === 'error').map(([, line]) => line);
const here = { [dwh]: true };
const otherKey = {
  ...hostKey,
  base64: 'AAAAC3NzaC1lZDI1NTE5AAAAIEhBAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f',
  fingerprint: `SHA256:${'B'.repeat(43)}`,
};
const answering = (keys: readonly (typeof hostKey)[], rest = {}) => ({
  sshServers: new Map([['engine.example.net:22', { keys, password: goodPassword, run: runOnEngine, ...rest }]]),
});

describe('the host key of the engine host', () => {
  test('is shown and confirmed before the password is asked for, and kept for the next run', async () => {
    const { dialog, answers, find } = await ask(here);
    const names = dialog.asked.map((question) => question.name);
    expect(names.indexOf(confirmation)).toBe(names.indexOf(port) + 1);
    expect(names.indexOf(password)).toBe(names.indexOf(confirmation) + 1);
    expect(dialog.logged).toContainEqual(['warning', expect.stringContaining(`has the key ${hostKey.fingerprint} (ssh-ed25519)`)]);
    expect(find(hostKeySetting)).toBe(hostKey.fingerprint);
    expect(isRemembered(hostKeySetting, answers)).toBe(true);
  });

  test('that is not the right one leads back to the port, and no password is asked for', async () => {
    const { asked } = await ask(here, { [confirmation]: 'no' });
    expect(asked.filter((one) => one === port).length).toBeGreaterThan(1);
    expect(asked).not.toContain(password);
  });

  test('is not asked about where known_hosts has it', async () => {
    for (const path of ['/root/.ssh/known_hosts', '/etc/ssh/ssh_known_hosts']) {
      const result = await ask(here, {}, withFiles({ [path]: knownAs('engine.example.net') }));
      expect(result.dialog.asked.map((question) => question.name)).not.toContain(confirmation);
      expect(result.find(rootPassword)).toBe(goodPassword);
      expect(result.problems).toEqual([]);
    }
  });

  test('is refused where known_hosts has another one, whatever is allowed or said', async () => {
    const files = withFiles({ '/root/.ssh/known_hosts': knownAs('engine.example.net') });
    const given = {
      ...none,
      ...here,
      'OVESETUP_ENGINE_CONFIG/fqdn': 'engine.example.net',
      'OVESETUP_CONFIG/remoteEngineHostKey': otherKey.fingerprint,
    };
    const { problems } = await dialogue({
      machine: machine({ ...files, ...answering([otherKey]) }),
      given,
      more: { allowed: new Set([confirmation]) },
    });
    expect(problems).toContainEqual(
      expect.objectContaining({
        id: 'OVESETUP_CONFIG/remoteEngineHostSshPort',
        level: 'error',
        message: expect.stringContaining("ssh-keygen -R 'engine.example.net'"),
      }),
    );
  });

  test('has to be named or allowed where nobody can be asked', async () => {
    const given = {
      ...none,
      ...here,
      'OVESETUP_ENGINE_CONFIG/fqdn': 'engine.example.net',
      'OVESETUP_CONFIG/remoteEngineHostRootPassword': goodPassword,
      'OVESETUP_DB/host': 'engine.example.net',
      'OVESETUP_DB/password': goodPassword,
    };
    const without = await dialogue({ machine: machine(), given });
    expect(without.problems).toMatchObject([
      { id: confirmation, level: 'doubt', remedy: expect.stringContaining('OVESETUP_CONFIG/remoteEngineHostKey') },
    ]);
    const named = await dialogue({ machine: machine(), given: { ...given, 'OVESETUP_CONFIG/remoteEngineHostKey': hostKey.fingerprint } });
    expect(named.problems).toEqual([]);
    const wrong = await dialogue({ machine: machine(), given: { ...given, 'OVESETUP_CONFIG/remoteEngineHostKey': otherKey.fingerprint } });
    expect(wrong.problems).toMatchObject([
      { id: 'OVESETUP_CONFIG/remoteEngineHostSshPort', message: expect.stringContaining(hostKey.fingerprint) },
    ]);
    const allowed = await dialogue({ machine: machine(), given, more: { allowed: new Set([confirmation]) } });
    expect(allowed.problems).toEqual([]);
    expect(allowed.find(hostKeySetting)).toBe(hostKey.fingerprint);
  });

  test('has the form that ssh-keygen prints', async () => {
    const { problems } = await dialogue({
      machine: machine(),
      given: { ...none, ...here, 'OVESETUP_ENGINE_CONFIG/fqdn': 'engine.example.net', 'OVESETUP_CONFIG/remoteEngineHostKey': 'MD5:00' },
    });
    expect(problems).toContainEqual(expect.objectContaining({ id: 'OVESETUP_CONFIG/remoteEngineHostKey' }));
  });
});

describe('the login at the engine host', () => {
  test('is tried, and the password asked for again where it fails', async () => {
    const result = await ask(here, { [password]: ['wrong', goodPassword] });
    expect(result.asked.filter((one) => one === password)).toHaveLength(2);
    expect(errors(result)).toEqual([expect.stringContaining('the password is wrong, or root may not log in with one')]);
    expect(result.find(rootPassword)).toBe(goodPassword);
  });

  test('is made with the keys of root where the password is left empty', async () => {
    const keys = withFiles({ '/root/.ssh/id_ed25519': 'the key', '/root/.ssh/id_ed25519.pub': 'its public half' });
    const server = answering([hostKey], { authorized: ['the key'] });
    const inside = await ask(here, { [password]: '' }, { ...keys, ...server });
    expect(errors(inside)).toEqual([]);
    expect(inside.find(rootPassword)).toBe('');
    const outside = await ask(here, { [password]: ['', goodPassword] }, { ...keys, ...answering([hostKey]) });
    expect(errors(outside)).toEqual([expect.stringContaining('with any of the keys in /root/.ssh')]);
  });

  test('is tried also where nobody is asked and no password is given, and told with everything else', async () => {
    const given = {
      ...none,
      ...here,
      'OVESETUP_ENGINE_CONFIG/fqdn': 'engine.example.net',
      'OVESETUP_CONFIG/remoteEngineHostKey': hostKey.fingerprint,
    };
    const { problems } = await dialogue({ machine: machine(), given: { ...given, 'OVESETUP_DWH_CONFIG/scale': '7' } });
    expect(problems.map(({ id }) => id)).toEqual([
      'OVESETUP_CONFIG/remoteEngineHostRootPassword',
      'OVESETUP_DB/host',
      'OVESETUP_DB/password',
      'OVESETUP_DWH_CONFIG/scale',
    ]);
    expect(problems[0]?.message).toContain('/root/.ssh has none without a passphrase');
  });

  test.each([
    ['another-key', 'nothing was sent to it'],
    ['no-passwords', 'takes no passwords'],
    ['not-root', 'leads to no shell of root'],
    ['unreachable', 'does not answer any more'],
  ] as const)('that ends as %s says so', (why, wanted) => {
    const login = { host: 'engine.example.net', port: 22, timeoutMs: 1, hostKeys: [], keys: [], password: 'canary' };
    const text = inEnglish(failureText(why, login));
    expect(text).toContain(wanted);
    expect(text).not.toContain('canary');
  });
});

describe('known_hosts', () => {
  // Made by ssh-keygen -H.
  const hashed = `|1|BgX+gUHAQldGOEnDmErSievyZ3U=|WOTZkuhRf99aLouaMKjbOh1wALE= ssh-ed25519 ${hostKey.base64}
|1|dzoAge4aX7Req81XYJrnoqw3jAM=|OY9tCuBXJvhfsy21Mntpe7IosZI= ssh-ed25519 ${hostKey.base64}`;

  test.each([
    ['engine.example.net', 22, true],
    ['Engine.Example.net', 22, true],
    ['engine.example.net', 2222, true],
    ['engine.example.net', 2223, false],
    ['other.example.net', 22, false],
  ])('has hashed names: %s, port %i', (host, port, known) => {
    expect(keysIn(hashed, nameInKnownHosts(host, port)).known.has(hostKey.base64)).toBe(known);
  });

  test.each([
    [knownAs('a.example.net,engine.example.net'), true],
    [knownAs('*.example.net'), true],
    [knownAs('*.example.net,!engine.example.net'), false],
    [knownAs('engin?.example.net'), true],
    [knownAs('engineXexample.net'), false],
    [knownAs('[engine.example.net]:2222'), false],
    [`# ${knownAs('engine.example.net')}`, false],
    [`@cert-authority ${knownAs('engine.example.net')}`, false],
    [`@revoked ${knownAs('engine.example.net')}`, false],
    ['engine.example.net\nengine.example.net ssh-ed25519\n\n', false],
  ])('has patterns and markers: %j', (text, known) => {
    const found = keysIn(text, 'engine.example.net');
    expect([...found.known]).toEqual(known ? [hostKey.base64] : []);
    expect([...found.revoked]).toEqual(text.startsWith('@revoked') ? [hostKey.base64] : []);
  });

  test('refuses a revoked key', async () => {
    const files = withFiles({ '/root/.ssh/known_hosts': `@revoked ${knownAs('*')}` });
    const result = await ask(here, {}, files);
    expect(errors(result)[0]).toContain('which is revoked in known_hosts');
    expect(result.asked).not.toContain(password);
  });
});
