import { describe, expect, test } from 'vitest';
import { engineFqdn, rootPassword, setupStyle, sshPort } from '../../../../plugins/remote-engine/settings.ts';
import { isRemembered } from '../../../../src/setup/core/answers.ts';
import { newMachine } from '../../../../src/setup/host/memory/index.ts';
import { dialogue } from '../../../support/dialogue.ts';

const [name, style, port, password] = [
  'OVESETUP_NETWORK_FQDN_the_engine',
  'REMOTE_ENGINE_SETUP_STYLE',
  'SSH_ACCESS_REMOTE_ENGINE_PORT',
  'SSH_ACCESS_REMOTE_ENGINE_PASSWORD',
];
const [dwh, imageio, websocket] = [
  'OVESETUP_DWH_CORE/enable',
  'OVESETUP_CONFIG/imageioProxyConfig',
  'OVESETUP_CONFIG/websocketProxyConfig',
];
const machine = () =>
  newMachine({
    names: new Map([
      ['dwh.example.net', ['192.0.2.10']],
      ['engine.example.net', ['192.0.2.30']],
    ]),
    hostname: 'dwh.example.net',
    sshServers: new Set(['engine.example.net:22', 'engine.example.net:2222']),
  });
const none = { 'OVESETUP_ENGINE_CORE/enable': false, [dwh]: false, [imageio]: false, [websocket]: false };
const ask = async (given: Readonly<Record<string, unknown>>, typed: Readonly<Record<string, string | readonly string[]>> = {}) => {
  const result = await dialogue({ machine: machine(), given: { ...none, ...given }, typed: { [name]: 'engine.example.net', ...typed } });
  return { ...result, asked: result.asked.filter((one) => [name, style, port, password].includes(one)) };
};

describe('an engine on another host', () => {
  test.each([
    [{ [dwh]: true }, [name, style, port, password]],
    [{ [imageio]: true }, [name]],
    [{ [websocket]: true }, [name]],
    [{}, []],
    [{ 'OVESETUP_ENGINE_CORE/enable': true, [dwh]: true }, []],
  ])('is asked for where a component here works for it: %j', async (given, asked) => {
    expect((await ask(given)).asked).toEqual(asked);
  });

  test('has a name that resolves', async () => {
    const { find, dialog, asked } = await ask(
      { [websocket]: true },
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
