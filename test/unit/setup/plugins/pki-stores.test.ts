import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Entry, file, textOf } from '#kit';
import { certificates } from '../../../../plugins/pki/certificates.ts';
import { paths, storePassword } from '../../../../plugins/pki/settings.ts';
import { type Machine, copyOf, memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { parseCertificate } from '../../../../src/setup/pki/inspect.ts';
import { readPkcs12 } from '../../../../src/setup/pki/pkcs12.ts';
import { storeHolds } from '../../../../src/setup/pki/store.ts';
import { dialogue, goodPassword } from '../../../support/dialogue.ts';
import { type ForeignAuthority, foreignAuthority, ofServers } from '../../../support/foreign-authority.ts';
import { conf, install } from '../../../support/installation.ts';

/** That of the database comes with the hosts that it is open to. */
const names = certificates.map(({ name }) => name).filter((name) => name !== 'postgres');
const all = [...names.map(paths.store), paths.truststore];
const configuration = '/etc/ovirt-engine/engine.conf.d/10-setup-pki.conf';
const admin = { 'OVESETUP_CONFIG/adminPassword': 'str:canary-Wort-77' };
const closedWith = (password: string) => conf({ ...admin, [storePassword.key]: `str:${password}` });

let authority: ForeignAuthority;
let installed: Machine;
beforeAll(async () => {
  authority = foreignAuthority();
  installed = newMachine();
  const { outcome, screen } = await install({ machine: installed, files: [conf(admin)] });
  expect(outcome.failure, screen).toBeUndefined();
});
afterAll(() => authority.remove());

const textAt = (machine: Machine, path: string): string => textOf(machine.disk.get(path));
const contentAt = (machine: Machine, path: string): Uint8Array => (machine.disk.get(path) as Entry & { kind: 'file' }).content;
const effects = (host: { readonly effects: readonly string[] }) => host.effects.filter((effect) => !effect.includes('/setup/answers/'));

/** Stores that are not what the files in PEM say. */
async function behind(machine: Machine, password = 'mypass'): Promise<readonly string[]> {
  const { crypto } = memoryHost(machine);
  const pem = (path: string): string => textAt(machine, path);
  const wanted = [
    ...names.map((name) => [paths.store(name), { certificate: pem(paths.certificate(name)), key: pem(paths.key(name)) }] as const),
    [paths.truststore, { certificate: pem(paths.authority), trustedAs: 'cacert' }] as const,
  ];
  const right = await Promise.all(wanted.map(([path, contents]) => storeHolds(contentAt(machine, path), contents, password, crypto)));
  return wanted.flatMap(([path], at) => (right[at] === true ? [] : [path]));
}

test('an installation has a store for each certificate, for its owner alone, and a truststore for everybody', async () => {
  expect(await behind(installed)).toEqual([]);
  for (const name of names) expect(installed.disk.get(paths.store(name))).toMatchObject({ mode: 0o600 });
  expect(installed.disk.get(paths.truststore)).toMatchObject({ mode: 0o644 });
  const owners: unknown[] = [];
  const host = memoryHost(newMachine());
  const write = (path: string, entry: Entry): Promise<void> => {
    if (path.endsWith('.p12') && entry.kind === 'file') owners.push([path.split('/').at(-1), entry.owner]);
    return host.files.write(path, entry);
  };
  await install({ machine: host.machine, files: [conf(admin)], host: { ...host, files: { ...host.files, write } } });
  expect(owners).toEqual([
    ['engine.p12', 'ovirt'],
    ['apache.p12', undefined],
    ['imageio-proxy.p12', 'ovirt-imageio'],
    ['imageio-client.p12', 'ovirt-imageio'],
    ['websocket-proxy.p12', 'ovirt-websocket-proxy'],
    ['vmconsole-proxy-helper.p12', 'ovirt-vmconsole'],
    ['ovirt-provider-ovn.p12', 'ovirt-provider-ovn'],
    ['ovn-ndb.p12', undefined],
    ['ovn-sdb.p12', undefined],
  ]);
});

test('a trial has them, too, and none for a component that is not there', async () => {
  const machine = newMachine({ prefix: '/srv/trial' });
  const declined = conf({
    ...admin,
    'OVESETUP_CONFIG/websocketProxyConfig': 'bool:False',
    'OVESETUP_CONFIG/imageioProxyConfig': 'bool:False',
    'OVESETUP_OVN/ovirtProviderOvn': 'bool:False',
  });
  expect((await install({ machine, files: [declined] })).outcome.failure).toBeUndefined();
  expect(all.filter((path) => machine.disk.has(path))).toEqual([paths.store('engine'), paths.store('apache'), paths.truststore]);
});

describe('the stores follow', () => {
  const later = async (change: (machine: Machine) => Machine, ...files: Parameters<typeof install>[0]['files']) => {
    const machine = change(copyOf(installed));
    const { outcome, screen } = await install({ machine, files });
    expect(outcome.failure, screen).toBeUndefined();
    expect(await behind(machine)).toEqual([]);
    expect(effects((await install({ machine, files: [] })).host)).toEqual([]);
    const changed = all.filter((path) => machine.disk.get(path) !== installed.disk.get(path));
    return { machine, changed };
  };

  test('a certificate that is renewed, and no other is touched', async () => {
    const now = new Date(installed.now.getTime() + 300 * 24 * 3600 * 1000);
    const { machine, changed } = await later((one) => ({ ...one, now }));
    expect(changed).toEqual([paths.store('apache'), paths.store('imageio-proxy'), paths.store('websocket-proxy')]);
    expect(textAt(machine, paths.key('apache'))).toBe(textAt(installed, paths.key('apache')));
  });

  test('the authority when it is renewed', async () => {
    const now = new Date(installed.now.getTime() + 3400 * 24 * 3600 * 1000);
    const { changed } = await later((machine) => ({ ...machine, now }), conf({ 'OVESETUP_PKI/renew': 'bool:True' }));
    expect(changed).toEqual(all);
  });

  test('a new name of the host', async () => {
    const name = 'other.example.net';
    const { changed } = await later(
      (machine) => ({ ...machine, names: new Map([...machine.names, [name, ['192.0.2.10']]]) }),
      conf({ 'OVESETUP_CONFIG/fqdn': `str:${name}` }),
    );
    // That of the VM console proxy bears no name.
    expect(changed).toEqual(names.filter((one) => one !== 'vmconsole-proxy-helper').map(paths.store));
  });

  test.each(['ec', 'rsa:2048'] as const)('an imported certificate (%s), and ours again', async (key) => {
    authority.issue('web', { extensions: ofServers('DNS:*.example.net'), key });
    const indented = (text: string): string => text.replace(/^/gm, '  ').trimEnd();
    const pem = authority.read('web.pem') + authority.read('chain.pem');
    const text = `OVESETUP_PKI/httpsCertificate: |\n${indented(pem)}\nOVESETUP_PKI/httpsKey: |\n${indented(authority.read('web.key'))}\n`;
    const { machine, changed } = await later((one) => one, { path: 'import.yaml', text, kept: false });
    expect(changed).toEqual([paths.store('apache'), paths.store('imageio-proxy'), paths.store('websocket-proxy')]);
    // The leaf alone, without those above it.
    const { certificates: found, keys } = readPkcs12(contentAt(machine, paths.store('apache')), 'mypass');
    expect([found.length, keys.length]).toEqual([1, 1]);
    expect(parseCertificate(found[0])?.raw).toEqual(parseCertificate(authority.read('web.pem'))?.raw);
    const { outcome } = await install({ machine, files: [conf({ 'OVESETUP_PKI/httpsAuthority': 'str:internal' })] });
    expect(outcome.failure).toBeUndefined();
    expect(await behind(machine)).toEqual([]);
  });

  test('what an administrator puts into a store is taken out again, since the files in PEM count', async () => {
    const key = textAt(installed, paths.key('engine'));
    const { machine, changed } = await later((one) => {
      one.disk.set(paths.store('engine'), one.disk.get(paths.store('apache'))!);
      one.disk.set(paths.truststore, file('junk', 0o644));
      return one;
    });
    expect([changed, textAt(machine, paths.key('engine'))]).toEqual([[paths.store('engine'), paths.truststore], key]);
  });
});

describe('the password of the stores', () => {
  test('is kept once it was given, is changed by another answer, and stands where the engine alone reads it', async () => {
    const machine = newMachine();
    const odd = `canary "Truhe" $\\4714`;
    const runs = [await install({ machine, files: [closedWith(odd)] })];
    expect(runs[0]?.outcome.failure, runs[0]?.screen).toBeUndefined();
    expect(await behind(machine, odd)).toEqual([]);
    runs.push(await install({ machine, files: [] }));
    expect(effects(runs[1]!.host)).toEqual([]);
    expect(machine.disk.get(configuration)).toMatchObject({ mode: 0o640 });
    const holding = [...machine.disk].filter(([, entry]) => textOf(entry).includes('Truhe')).map(([path]) => path);
    expect(holding).toEqual([configuration]);
    const { screen, log, host } = await install({ machine, files: [closedWith('canary-Kiste')] });
    expect(await behind(machine, 'canary-Kiste')).toEqual([]);
    expect(effects(host)).toContain('restart ovirt-engine');
    for (const text of [...runs.flatMap((one) => [one.screen, one.log]), screen, log]) expect(text).not.toMatch(/Truhe|Kiste/);
  });

  test('is mypass where nobody says anything', () => {
    expect(textAt(installed, configuration)).toContain('ENGINE_PKI_TRUST_STORE_PASSWORD="mypass"\n');
    expect(textAt(installed, configuration)).toContain('ENGINE_PKI_ENGINE_STORE_PASSWORD="mypass"\n');
  });

  test.each(['short', 'Brücke77'])('is refused before any change where Java would not take it: %s', async (value) => {
    const { problems } = await dialogue({ given: { 'OVESETUP_CONFIG/adminPassword': goodPassword, [storePassword.key]: value } });
    expect(problems).toMatchObject([{ id: storePassword.key, message: expect.stringContaining('at least 6 characters') as string }]);
    expect(JSON.stringify(problems)).not.toContain(value);
  });
});
