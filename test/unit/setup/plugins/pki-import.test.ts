import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { file, textOf } from '#kit';
import { paths } from '../../../../plugins/pki/settings.ts';
import { type Machine, afterPowerCut, copyOf, newMachine, watchedHost } from '../../../../src/setup/host/memory/index.ts';
import { belongsTo, parseCertificate } from '../../../../src/setup/pki/inspect.ts';
import { type ForeignAuthority, foreignAuthority, ofServers } from '../../../support/foreign-authority.ts';
import { conf, diskOf, install } from '../../../support/installation.ts';
import type { AnswerFile } from '../../../../src/setup/answers/sources.ts';

let authority: ForeignAuthority;
let installed: Machine;
const password = conf({ 'OVESETUP_CONFIG/adminPassword': 'str:canary-Wort-77' });
const ours = conf({ 'OVESETUP_PKI/httpsAuthority': 'str:internal' });

beforeAll(async () => {
  authority = foreignAuthority();
  const names = ofServers('DNS:*.example.net');
  authority.issue('web', { extensions: names, to: '20300101000000Z' });
  authority.issue('next', { extensions: names, key: 'rsa:2048' });
  authority.issue('wrong', { extensions: ofServers('DNS:elsewhere.org'), key: 'rsa:1024' });
  installed = newMachine();
  const { outcome, screen } = await install({ machine: installed, files: [password] });
  expect(outcome.failure, screen).toBeUndefined();
});
afterAll(() => authority.remove());

/** What the command makes of its files: answers in YAML can hold them as well. */
function importing(id: string, key = id): AnswerFile {
  const indented = (text: string): string => text.replace(/^/gm, '  ').trimEnd();
  const pem = authority.read(`${id}.pem`) + authority.read('chain.pem');
  const text = `OVESETUP_PKI/httpsCertificate: |\n${indented(pem)}\nOVESETUP_PKI/httpsKey: |\n${indented(authority.read(`${key}.key`))}\n`;
  return { path: 'import.yaml', text, kept: false };
}
const textAt = (machine: Machine, path: string): string => textOf(machine.disk.get(path));
const pki = (machine: Machine): string => textAt(machine, '/etc/ovirt-engine/engine.conf.d/10-setup-pki.conf');
const effects = (host: { readonly effects: readonly string[] }) => host.effects.filter((effect) => !effect.includes('/setup/answers/'));
const secretLines = (id: string): readonly string[] => authority.read(`${id}.key`).split('\n').slice(1, -2);

describe('an imported certificate', () => {
  test('stands wherever browsers look, with its key for its owner alone, and restarts what shows it', async () => {
    const machine = copyOf(installed);
    const { outcome, host, screen, log } = await install({ machine, files: [importing('web')] });
    expect(outcome.failure, screen).toBeUndefined();
    for (const name of ['apache', 'websocket-proxy']) {
      expect(textAt(machine, paths.certificate(name))).toBe(authority.read('web.pem') + authority.read('middle.pem'));
      expect(belongsTo(parseCertificate(textAt(machine, paths.certificate(name)))!, textAt(machine, paths.key(name)))).toBe(true);
      expect(machine.disk.get(paths.key(name))).toMatchObject({ mode: 0o600 });
    }
    expect(textAt(machine, paths.webAuthority)).toBe(authority.read('middle.pem') + authority.read('root.pem'));
    expect(pki(machine)).toContain('ENGINE_HTTPS_HSTS="true"\n');
    expect(pki(installed)).not.toContain('HSTS');
    expect(host.effects.filter((effect) => effect.startsWith('restart '))).toEqual(
      expect.arrayContaining(['restart ovirt-engine', 'restart ovirt-websocket-proxy']),
    );
    // What hosts trust stays.
    for (const path of [paths.authority, paths.certificate('engine'), paths.key('engine')])
      expect(textAt(machine, path)).toBe(textAt(installed, path));
    const elsewhere = Object.entries(diskOf(machine)).filter(([path]) => !path.startsWith(`${paths.home}/keys/`));
    for (const line of secretLines('web')) expect(JSON.stringify([screen, log, elsewhere])).not.toContain(line);
  });

  test('is kept by later runs, whatever answers they are given, and replaced by another import', async () => {
    const machine = copyOf(installed);
    await install({ machine, files: [importing('web')] });
    const again = await install({ machine, files: [importing('web')] });
    expect(effects(again.host)).toEqual([]);
    const later = await install({ machine, files: [password] });
    expect([later.outcome.failure, effects(later.host)]).toEqual([undefined, []]);
    expect(later.screen).toContain('Imported certificate: SHA256: ');
    await install({ machine, files: [importing('next')] });
    expect(textAt(machine, paths.certificate('apache'))).toContain(authority.read('next.pem'));
    for (const line of secretLines('web')) expect(JSON.stringify(diskOf(machine))).not.toContain(line);
  });

  test('may come with the first installation', async () => {
    const machine = newMachine();
    const { outcome, screen } = await install({ machine, files: [password, importing('web')] });
    expect(outcome.failure, screen).toBeUndefined();
    expect(textAt(machine, paths.certificate('websocket-proxy'))).toContain(authority.read('web.pem'));
    expect(effects((await install({ machine, files: [password] })).host)).toEqual([]);
  });

  test('gives its place back to ours, with a key of its own and a warning for browsers that remember', async () => {
    const machine = copyOf(installed);
    await install({ machine, files: [importing('next')] });
    const { outcome, screen } = await install({ machine, files: [ours] });
    expect(outcome.failure, screen).toBeUndefined();
    expect(screen).toContain('Browsers that have seen the imported certificate');
    const ca = parseCertificate(textAt(machine, paths.authority))!;
    for (const name of ['apache', 'websocket-proxy']) {
      expect(parseCertificate(textAt(machine, paths.certificate(name)))?.checkIssued(ca)).toBe(true);
      for (const line of secretLines('next')) expect(textAt(machine, paths.key(name))).not.toContain(line);
    }
    expect(machine.disk.get(paths.webAuthority)).toEqual({ kind: 'link', target: 'ca.pem' });
    expect(pki(machine)).toBe(pki(installed));
    expect(effects((await install({ machine, files: [ours] })).host)).toEqual([]);
  });

  test('that cannot be used changes nothing, and all that is wrong is told', async () => {
    const machine = copyOf(installed);
    const { outcome, screen, host } = await install({ machine, files: [importing('wrong', 'web')] });
    expect(outcome.failure).toMatchObject({ code: 'refused' });
    for (const what of ['does not belong to wrong', 'does not speak for', 'RSA with 1024 bits']) expect(screen).toContain(what);
    expect(effects(host)).toEqual([]);
    const bare = { ...importing('web'), text: importing('web').text.replace(/OVESETUP_PKI\/httpsKey[^]*/, '') };
    expect((await install({ machine, files: [bare] })).screen).toContain('OVESETUP_PKI/httpsKey is wanted, too');
    const claimed = conf({ 'OVESETUP_PKI/httpsAuthority': 'str:imported' });
    expect((await install({ machine, files: [claimed] })).screen).toContain('no certificate has been imported');
  });

  test('is not one of the internal CA', async () => {
    const machine = copyOf(installed);
    const [pem, key] = [
      textAt(machine, paths.certificate('apache')) + textAt(machine, paths.authority),
      textAt(machine, paths.key('apache')),
    ];
    const indented = (text: string): string => text.replace(/^/gm, '  ').trimEnd();
    const text = `OVESETUP_PKI/httpsCertificate: |\n${indented(pem)}\nOVESETUP_PKI/httpsKey: |\n${indented(key)}\n`;
    const { outcome, screen } = await install({ machine, files: [{ path: 'own.yaml', text, kept: false }] });
    expect(outcome.failure).toMatchObject({ code: 'refused' });
    expect(screen).toContain('The certificate is of the internal CA');
  });

  test('is told of in time before it ends, and when it is damaged', async () => {
    const machine = copyOf(installed);
    await install({ machine, files: [importing('web')] });
    const at = (now: string): Machine => ({ ...copyOf(machine), now: new Date(now) });
    expect((await install({ machine: at('2029-12-15T00:00:00Z'), files: [] })).screen).toContain('[WARNING] web ends soon');
    expect((await install({ machine: at('2029-06-15T00:00:00Z'), files: [] })).screen).not.toContain('ends soon');
    machine.disk.set(paths.key('apache'), file(authority.read('next.key'), 0o600));
    const { outcome, screen } = await install({ machine, files: [] });
    expect(outcome.failure).toMatchObject({ code: 'refused' });
    expect(screen).toContain('engine-setup pki import --ours');
    expect((await install({ machine, files: [ours] })).outcome.failure).toBeUndefined();
  });

  test('put there by hand, as with the original, is respected as well', async () => {
    const machine = copyOf(installed);
    machine.disk.set(paths.webAuthority, file(authority.read('chain.pem'), 0o644));
    machine.disk.set(paths.certificate('apache'), file(`# mine\n${authority.read('web.pem')}${authority.read('middle.pem')}`, 0o640));
    machine.disk.set(paths.key('apache'), file(authority.read('web.key'), 0o640));
    const { outcome, screen } = await install({ machine, files: [] });
    expect(outcome.failure, screen).toBeUndefined();
    expect(textAt(machine, paths.certificate('apache'))).toMatch(/^# mine/);
    expect(textAt(machine, paths.certificate('websocket-proxy'))).toContain(authority.read('web.pem'));
    // A copy of our own authority is no import.
    const copied = copyOf(installed);
    copied.disk.set(paths.webAuthority, copied.disk.get(paths.authority)!);
    expect((await install({ machine: copied, files: [] })).screen).not.toContain('Imported certificate');
  });
});

describe('a power cut', () => {
  test.each([
    ['while a certificate is imported', () => importing('web'), false],
    ['on the way back to ours', () => ours, true],
  ])(
    '%s leaves what the next run brings to an end, with or without the answers',
    async (_, answers, before) => {
      const start = copyOf(installed);
      if (before) await install({ machine: start, files: [importing('web')] });
      const { host, moments } = watchedHost(copyOf(start));
      expect((await install({ machine: copyOf(start), files: [answers()], host })).outcome.failure).toBeUndefined();
      expect(moments().length).toBeGreaterThan(10);
      for (const moment of moments()) {
        for (const files of [[], [answers()]]) {
          const machine = afterPowerCut(copyOf(moment.machine));
          const { outcome, screen } = await install({ machine, files });
          expect(outcome.failure, screen).toBeUndefined();
          const [certificate, key] = [textAt(machine, paths.certificate('apache')), textAt(machine, paths.key('apache'))];
          expect(belongsTo(parseCertificate(certificate)!, key)).toBe(true);
          expect(pki(machine).includes('HSTS')).toBe(machine.disk.get(paths.webAuthority)?.kind === 'file');
          expect(effects((await install({ machine, files: [] })).host)).toEqual([]);
        }
      }
    },
    120_000,
  );
});
