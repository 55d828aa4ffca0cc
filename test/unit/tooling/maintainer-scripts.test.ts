import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const source = (name: string): string => readFileSync(new URL(`../../../packaging/debian/${name}`, import.meta.url), 'utf8');

let base: string;
let services: ChildProcess[];
beforeEach(() => {
  base = join(mkdtempSync(join(tmpdir(), 'engine-setup-dpkg-')), 'ovirt-engine');
  services = [];
});
afterEach(() => {
  for (const service of services) service.kill('SIGKILL');
  rmSync(join(base, '..'), { recursive: true, force: true });
});

/** Runs a maintainer script as dpkg does, below a directory of the test, and gives what it says. */
function script(name: 'postinst' | 'prerm' | 'postrm', version: string, ...args: readonly string[]): string {
  const functions = source('functions.sh')
    .replace('/usr/lib/ovirt-engine', base)
    .replace('/var/cache/engine-setup', join(base, '../cache'))
    .replace('/var/cache/ovirt-engine', join(base, '../service-cache'))
    .replace('/etc/systemd/system', join(base, '../units'))
    .replace('/run/systemd/system', base);
  const text = source(name)
    .replace('@FUNCTIONS@', () => functions)
    .replace('@VERSION@', version);
  const env = { ...process.env, PATH: `${join(base, '../bin')}:${process.env['PATH'] ?? ''}` };
  const { status, stderr } = spawnSync('sh', ['-c', text, name, ...args], { encoding: 'utf8', env });
  expect(status, stderr).toBe(0);
  return stderr;
}

/** A unit as setup writes it, and a systemd that only notes what it is told. */
function putUnit(name: string, program: string): void {
  mkdirSync(join(base, '../units'), { recursive: true });
  writeFileSync(join(base, '../units', name), `[Service]\nExecStart=${program} main.ts\n`);
  mkdirSync(join(base, '../bin'), { recursive: true });
  writeFileSync(join(base, '../bin/systemctl'), `#!/bin/sh\necho "$@" >>${join(base, '../told')}\n`, { mode: 0o755 });
}
const told = (): string => (existsSync(join(base, '../told')) ? readFileSync(join(base, '../told'), 'utf8') : '');

/** What dpkg does to the files of the package: new ones take the places of old ones. */
function unpack(content: string): void {
  mkdirSync(join(base, 'packaged/bin'), { recursive: true });
  rmSync(join(base, 'packaged/source.ts'), { force: true });
  writeFileSync(join(base, 'packaged/source.ts'), content);
  rmSync(join(base, 'packaged/bin/service'), { force: true });
  copyFileSync('/bin/sleep', join(base, 'packaged/bin/service'));
}

function install(version: string, content = `sources of ${version}`): void {
  const before = existsSync(join(base, 'current')) ? [readlinkSync(join(base, 'current'))] : [];
  unpack(content);
  script('postinst', version, 'configure', ...before);
}

/** dpkg -r */
function remove(version: string): string {
  const said = script('prerm', version, 'remove');
  rmSync(join(base, 'packaged'), { recursive: true });
  return said + script('postrm', version, 'remove');
}

async function runFrom(version: string): Promise<ChildProcess> {
  const service = spawn(join(base, version, 'bin/service'), ['600'], { stdio: 'ignore' });
  services.push(service);
  await new Promise((resolve) => service.once('spawn', resolve));
  return service;
}

const end = (service: ChildProcess): Promise<unknown> => {
  const gone = new Promise((resolve) => service.once('exit', resolve));
  service.kill('SIGKILL');
  return gone;
};
const sourceOf = (version: string): string => readFileSync(join(base, version, 'source.ts'), 'utf8');
const present = (): readonly string[] => (existsSync(base) ? readdirSync(base).sort() : []);

test('a version has a folder of its own, which shares its files with what dpkg knows', () => {
  install('1');
  expect(present()).toEqual(['1', 'current', 'packaged']);
  expect(sourceOf('current')).toBe('sources of 1');
  expect(statSync(join(base, '1/source.ts')).ino).toBe(statSync(join(base, 'packaged/source.ts')).ino);
});

test('an update leaves the version before it as it was, and only that one', () => {
  install('1');
  install('2');
  expect([sourceOf('1'), sourceOf('2'), readlinkSync(join(base, 'current'))]).toEqual(['sources of 1', 'sources of 2', '2']);
  install('3');
  expect(present()).toEqual(['2', '3', 'current', 'packaged']);
});

test('a version that a service runs from stays until the service has ended', async () => {
  install('1');
  const service = await runFrom('1');
  install('2');
  install('3');
  expect(present()).toEqual(['1', '2', '3', 'current', 'packaged']);
  await end(service);
  install('4');
  expect(present()).toEqual(['3', '4', 'current', 'packaged']);
});

test('installing a version again touches no file of it, unless one differs', () => {
  install('1');
  const { ino } = statSync(join(base, '1/source.ts'));
  install('1');
  expect(statSync(join(base, '1/source.ts')).ino).toBe(ino);
  writeFileSync(join(base, '1/source.ts'), 'damaged');
  install('1');
  expect(sourceOf('1')).toBe('sources of 1');
  expect(present()).toEqual(['1', 'current', 'packaged']);
});

test('an interrupted installation is made good by the next one', () => {
  install('1');
  mkdirSync(join(base, '.new'));
  mkdirSync(join(base, '.old'));
  install('2');
  expect(present()).toEqual(['1', '2', 'current', 'packaged']);
});

test('a removal that fails brings everything back', () => {
  install('1');
  script('prerm', '1', 'remove');
  expect(present()).toEqual(['packaged']);
  script('postinst', '1', 'abort-remove');
  expect(sourceOf('current')).toBe('sources of 1');
});

test('removal leaves nothing but what services run from, says so, and purge leaves it, too', async () => {
  mkdirSync(join(base, '../cache'), { recursive: true });
  install('1');
  const service = await runFrom('1');
  install('2');
  expect(remove('2')).toContain(`${base}/1 stays, since services run from it (processes ${service.pid})`);
  expect(present()).toEqual(['1']);
  script('postrm', '2', 'purge');
  expect(present()).toEqual(['1']);
  expect(service.exitCode ?? service.signalCode).toBeNull();
  await end(service);
  script('postrm', '2', 'purge');
  expect(existsSync(base)).toBe(false);
  expect(existsSync(join(base, '../cache'))).toBe(false);
});

test('an update neither removes nor purges anything', () => {
  install('1');
  script('prerm', '1', 'upgrade', '2');
  script('postrm', '1', 'upgrade', '2');
  expect(sourceOf('current')).toBe('sources of 1');
});

test('removal stops and disables the units of this host that start the program, and no other', () => {
  install('1');
  putUnit('ovirt-engine.service', `${base}/1/bin/service`);
  putUnit('ovirt-engine-dwhd.service', `"${base}/1/bin/service"`);
  putUnit('other.service', '/usr/bin/service');
  putUnit('beside.service', `${base}-other/1/bin/service`);
  expect(remove('1')).toContain('All data and configuration stay');
  const ours = 'ovirt-engine-dwhd.service ovirt-engine.service';
  expect(told()).toBe(`stop ${ours}\n--quiet disable ${ours}\n`);
  expect(existsSync(base)).toBe(false);
  expect(readdirSync(join(base, '../units'))).toHaveLength(4);
});

test('a removal that fails says how the services come back', () => {
  install('1');
  putUnit('ovirt-engine.service', `${base}/1/bin/service`);
  script('prerm', '1', 'remove');
  expect(script('postinst', '1', 'abort-remove')).toContain('Run engine-setup');
});

test('an update stops no unit, and keeps the version that units name even while they do not run', () => {
  install('1');
  putUnit('ovirt-engine.service', `${base}/1/bin/service`);
  for (const version of ['2', '3', '4']) {
    script('prerm', version, 'upgrade', version);
    install(version);
  }
  expect(present()).toEqual(['1', '3', '4', 'current', 'packaged']);
  putUnit('ovirt-engine.service', `${base}/4/bin/service`);
  install('5');
  expect(present()).toEqual(['4', '5', 'current', 'packaged']);
  expect(told()).toBe('');
});
