import { describe, expect, test } from 'vitest';
import { file, textOf } from '#kit';
import { paths } from '../../../../plugins/remote-engine/enrolment.ts';
import { paths as proxy, unit } from '../../../../plugins/websocket/settings.ts';
import { type Machine, PowerCut, afterPowerCut, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { certificatesIn } from '../../../../src/setup/pki/chain.ts';
import { belongsTo, covers } from '../../../../src/setup/pki/inspect.ts';
import { makeRequest } from '../../../../src/setup/pki/request.ts';
import { privateKey } from '../../../../src/setup/host/memory/private-keys.ts';
import { conf, install } from '../../../support/installation.ts';
import { signedFor, signingServer } from '../../../support/signing-server.ts';
import { hostKey } from '../../../support/ssh-server.ts';

const password = 'canary-Wort-77';
const proxyName = 'proxy.example.net';
const machineWith = (more: Partial<Machine> = {}) =>
  newMachine({
    hostname: proxyName,
    names: new Map([
      [proxyName, ['192.0.2.10']],
      ['engine.example.net', ['192.0.2.30']],
    ]),
    sshServers: new Map([['engine.example.net:22', signingServer(password)]]),
    ...more,
  });
const answers = {
  'OVESETUP_ENGINE_CORE/enable': 'bool:False',
  'OVESETUP_DWH_CORE/enable': 'bool:False',
  'OVESETUP_CONFIG/imageioProxyConfig': 'bool:False',
  'OVESETUP_CONFIG/websocketProxyConfig': 'bool:True',
  'OVESETUP_ENGINE_CONFIG/fqdn': 'str:engine.example.net',
};
const overSsh = {
  ...answers,
  'OVESETUP_CONFIG/remoteEngineHostKey': `str:${hostKey.fingerprint}`,
  'OVESETUP_CONFIG/remoteEngineHostRootPassword': `str:${password}`,
};
const byHand = { ...answers, 'OVESETUP_CONFIG/remoteEngineSetupStyle': 'str:manual_files' };
const signed = '/root/websocket-proxy.pem';
const withSigned = { ...byHand, 'OVESETUP_CONFIG/websocketProxySignedCertificate': `str:${signed}` };
const read = (machine: Machine, path: string): string => textOf(machine.disk.get(path));
const run = (machine: Machine, given: Readonly<Record<string, string>>, more = {}) => install({ machine, files: [conf(given)], ...more });

function expectInstalled(machine: Machine): void {
  const [own] = certificatesIn(read(machine, paths.certificate));
  expect([covers(own!, proxyName), belongsTo(own!, read(machine, paths.key))]).toEqual([true, true]);
  expect(covers(certificatesIn(read(machine, paths.engine))[0]!, 'engine.example.net')).toBe(true);
  expect(own!.verify(certificatesIn(read(machine, paths.authority))[0]!.publicKey)).toBe(true);
  expect(machine.running.has(unit)).toBe(true);
  for (const path of [paths.certificate, paths.key, paths.engine, paths.authority])
    expect(read(machine, proxy.configuration)).toContain(path);
}

describe('a WebSocket proxy on a host without the engine', () => {
  test('has its certificate signed over ssh, and runs with it', async () => {
    const machine = machineWith();
    const { outcome, screen, log } = await run(machine, overSsh);
    expect(outcome.failure, screen).toBeUndefined();
    expectInstalled(machine);
    expect(screen).toContain(`on engine.example.net: engine-config -s WebSocketProxy=${proxyName}:6100`);
    const everything = [screen, log, ...[...machine.disk.values()].map(textOf)].join('\n');
    expect(everything).not.toContain(password);
    expect(machine.disk.has('/etc/ovirt-engine/engine.conf')).toBe(false);
  });

  test('needs nobody at the engine any more once it has that', async () => {
    const machine = machineWith();
    await run(machine, overSsh);
    const alone = { ...machine, sshServers: new Map() };
    const { outcome, screen, host } = await run(alone, {});
    expect(outcome.failure, screen).toBeUndefined();
    expect(host.effects.filter((effect) => effect.includes('/etc/pki/'))).toEqual([]);
  });

  test('tells why the engine does not sign, and takes everything back', async () => {
    const server = { ...signingServer(password), run: () => ({ code: 4, stdout: '', stderr: 'no engine here' }) };
    const machine = machineWith({ sshServers: new Map([['engine.example.net:22', server]]) });
    const { outcome, screen } = await run(machine, overSsh);
    expect(String(outcome.failure)).toContain('did not sign the certificate of the WebSocket proxy: no engine here');
    expect(screen).toContain('engine-setup pki sign - --name=proxy.example.net');
    for (const path of [paths.key, paths.certificate, proxy.configuration]) expect(machine.disk.has(path)).toBe(false);
  });

  test('does not take what was signed for another key', async () => {
    const other = () => ({ code: 0, stdout: signedFor(proxyName, makeRequest({ key: privateKey(1024), names: [proxyName] })), stderr: '' });
    const machine = machineWith({ sshServers: new Map([['engine.example.net:22', { ...signingServer(password), run: other }]]) });
    expect(String((await run(machine, overSsh)).outcome.failure)).toContain('signed for another key');
    expect(machine.disk.has(paths.certificate)).toBe(false);
  });

  test('is taken up after a power cut at any moment', async () => {
    const { host } = await run(machineWith(), overSsh);
    const cuts = host.effects.flatMap((effect, at) => (effect.includes('/etc/pki/') ? [at + 1] : []));
    expect(cuts.length).toBeGreaterThan(4);
    for (const at of cuts) {
      const machine = machineWith();
      const cut = await run(machine, overSsh, { accidents: [{ at, how: 'cut-after' }] });
      expect(cut.outcome.failure).toBeInstanceOf(PowerCut);
      const later = afterPowerCut(machine);
      const { outcome, screen } = await run(later, overSsh);
      expect(outcome.failure, screen).toBeUndefined();
      expectInstalled(later);
    }
  });
});

describe('with files that are carried by hand', () => {
  test('it waits after the first run, which says what to do', async () => {
    const machine = machineWith();
    const { outcome, screen } = await run(machine, byHand);
    expect(outcome.failure, screen).toBeUndefined();
    expect(screen).toContain(`Copy ${paths.request} to engine.example.net, and run there:`);
    expect(screen).toContain(`engine-setup pki sign websocket-proxy.csr --name ${proxyName}`);
    expect([machine.running.has(unit), machine.disk.has(proxy.configuration)]).toEqual([false, false]);
    const again = await run(machine, byHand);
    expect(again.host.effects.filter((effect) => effect.includes('/etc/pki/'))).toEqual([]);
  });

  test('it is set up by the run that gets the file', async () => {
    const machine = machineWith();
    await run(machine, byHand);
    machine.disk.set(signed, file(signedFor(proxyName, read(machine, paths.request)), 0o644));
    const { outcome, screen } = await run(machine, withSigned);
    expect(outcome.failure, screen).toBeUndefined();
    expectInstalled(machine);
    expect((await run(machine, {})).outcome.failure).toBeUndefined();
  });

  test.each([
    ['a file that is not there', undefined, 'is not there'],
    ['one for another key', signedFor(proxyName, makeRequest({ key: privateKey(1024), names: [proxyName] })), 'signed for another key'],
    ['something else', 'junk', 'three certificates in PEM are expected'],
  ])('it refuses %s', async (_what, content, wanted) => {
    const machine = machineWith();
    await run(machine, byHand);
    if (content !== undefined) machine.disk.set(signed, file(content, 0o644));
    const { outcome, screen } = await run(machine, withSigned);
    expect(outcome.failure).toBeDefined();
    expect(screen).toContain(wanted);
  });

  test('it has a new request written where the name of the host has changed', async () => {
    const machine = machineWith();
    await run(machine, byHand);
    const before = read(machine, paths.request);
    const renamed = { ...machine, names: new Map([...machine.names, ['new.example.net', ['192.0.2.10']]]) };
    await run(renamed, { ...byHand, 'OVESETUP_CONFIG/fqdn': 'str:new.example.net' });
    expect(read(renamed, paths.request)).not.toBe(before);
    expect(() => signedFor('new.example.net', read(renamed, paths.request))).not.toThrow();
  });
});
