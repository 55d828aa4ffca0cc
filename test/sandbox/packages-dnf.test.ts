import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { runCommand } from '../../src/setup/host/commands.ts';
import { dnfPackages } from '../../src/setup/host/packages-dnf.ts';

/* Debian's own dnf and rpm, which install packages built here from a source on this disk into a host below a folder. */

const places = (process.env['PATH'] ?? '').split(':');
const missing =
  process.getuid?.() !== 0 ||
  ['dnf', 'rpm', 'rpmbuild', 'createrepo_c'].some((program) => !places.some((place) => existsSync(join(place, program))));

const folder = missing ? '' : mkdtempSync(join(tmpdir(), 'engine-setup-dnf-test-'));
const root = join(folder, 'root');
const source = join(folder, 'source');
const temporary = join(folder, 'tmp');
const packages = dnfPackages(runCommand, { root });

/** Builds a package without files, or with one of configuration. */
async function build(name: string, version: string, lines: readonly string[] = [], config?: string): Promise<void> {
  const spec = [
    ...[`Name: ${name}`, `Version: ${version}`, 'Release: 1', 'Summary: For a test', 'License: MIT', 'BuildArch: noarch', ...lines],
    ...['%description', 'For a test.'],
    ...(config === undefined ? [] : ['%install', `mkdir -p %{buildroot}/etc`, `echo a = 1 >%{buildroot}${config}`]),
    ...['%files', ...(config === undefined ? [] : [`%config(noreplace) ${config}`])],
  ];
  const file = join(folder, `${name}.spec`);
  writeFileSync(file, `${spec.join('\n')}\n`);
  await execa('rpmbuild', ['-bb', '--quiet', '--define', `_topdir ${folder}/build`, '--define', `_rpmdir ${source}`, file]);
}
const index = () => execa('createrepo_c', ['--quiet', source]);
/** The only source of the host. */
const sourceAt = (url: string): void => {
  const lines = ['[tiny]', 'name=tiny', `baseurl=${url}`, 'gpgcheck=0', 'metadata_expire=never'];
  writeFileSync(join(root, 'etc/yum.repos.d/tiny.repo'), `${lines.join('\n')}\n`);
};
const here = () => Promise.all(['engine-setup', 'tiny-lib', 'tiny-extra'].map((name) => packages.version(name)));

beforeAll(async () => {
  if (missing) return;
  mkdirSync(temporary);
  vi.stubEnv('TMPDIR', temporary);
  // Debian's rpm has its database in the home directory.
  vi.stubEnv('HOME', folder);
  mkdirSync(join(root, 'etc/yum.repos.d'), { recursive: true });
  mkdirSync(join(root, 'etc/dnf'));
  writeFileSync(join(root, 'etc/dnf/dnf.conf'), '[main]\n');
  await build('tiny-extra', '1.0');
  await build('tiny-lib', '1.0', ['Epoch: 2'], '/etc/tiny.conf');
  await build('engine-setup', '1.0', ['Requires: tiny-lib', 'Recommends: tiny-extra']);
  await index();
  sourceAt(`file://${source}`);
}, 120_000);
afterAll(() => {
  vi.unstubAllEnvs();
  if (!missing) rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(missing)('packages by a real dnf', () => {
  test('can be had, and asking changes nothing', async () => {
    expect(await packages.unobtainable(['engine-setup'])).toBeUndefined();
    expect(await packages.installed()).toEqual([]);
    expect(existsSync(join(root, 'var/cache/dnf/tiny-filenames.solvx'))).toBe(false);
    expect(readdirSync(temporary)).toEqual([]);
  });

  test('are installed with what they need, without what they recommend', async () => {
    await packages.install(['engine-setup']);
    expect(await here()).toEqual(['1.0-1', '2:1.0-1', undefined]);
    expect([...(await packages.installed())].sort()).toEqual(['engine-setup', 'tiny-lib']);
    expect([...(await packages.neededBy(['engine-setup']))].sort()).toEqual(['engine-setup', 'tiny-lib']);
    expect(await packages.neededBy(['tiny-lib'])).toEqual(['tiny-lib']);
    expect(existsSync(join(root, 'etc/tiny.conf'))).toBe(true);
  });

  test('are noted as wanted, or as brought along', async () => {
    const both = ['engine-setup', 'tiny-lib'];
    expect(await packages.automatic(both)).toEqual(['tiny-lib']);
    await packages.mark(['tiny-lib'], 'wanted');
    expect(await packages.automatic(both)).toEqual([]);
    await packages.mark(['tiny-lib'], 'automatic');
    expect(await packages.automatic(both)).toEqual(['tiny-lib']);
    await expect(packages.mark(['tiny-extra'], 'wanted')).rejects.toThrow(/^dnf mark install tiny-extra failed: .*is not installed/);
  });

  test('have an update once a source offers one and dnf has noted it, and it can be taken back while the old one is there', async () => {
    expect(await packages.updates()).toEqual([]);
    await build('engine-setup', '1.1', ['Requires: tiny-lib']);
    await build('engine-setup', '1.2', ['Requires: tiny-lib']);
    await index();
    // Looking at updates asks no source.
    expect(await packages.updates()).toEqual([]);
    await execa('dnf', [`--installroot=${root}`, '--quiet', '--refresh', 'makecache']);
    const update = { name: 'engine-setup', from: '1.0-1', to: '1.2-1' };
    expect(await packages.updates()).toEqual([{ ...update, reversible: true }]);
    rmSync(join(source, 'noarch/engine-setup-1.0-1.noarch.rpm'));
    await index();
    await execa('dnf', [`--installroot=${root}`, '--quiet', '--refresh', 'makecache']);
    expect(await packages.updates()).toEqual([{ ...update, reversible: false }]);
  });

  test('are removed with their configuration, and what others had brought stays', async () => {
    await packages.remove(['engine-setup']);
    expect(await here()).toEqual([undefined, '2:1.0-1', undefined]);
    // A rollback names all that was not there before; what is gone already is no failure.
    await packages.remove(['engine-setup', 'tiny-lib']);
    expect(await packages.installed()).toEqual([]);
    expect(existsSync(join(root, 'etc/tiny.conf'))).toBe(false);
  });

  test('that no source has are named, before and in the run', async () => {
    expect(await packages.unobtainable(['engine-setup', 'tiny-none'])).toBe('Unable to find a match: tiny-none');
    await expect(packages.install(['tiny-none'])).rejects.toThrow(/^dnf install tiny-none failed: Unable to find a match: tiny-none$/);
  });

  test('that are in the list of a source alone cannot be had', async () => {
    rmSync(join(source, 'noarch/tiny-extra-1.0-1.noarch.rpm'));
    expect(await packages.unobtainable(['tiny-extra'])).toMatch(/tiny-extra/);
  });

  test('that another package refuses are told of by that reason', async () => {
    await build('tiny-rival', '1.0', ['Requires: tiny-nowhere']);
    await index();
    await expect(packages.install(['tiny-rival'])).rejects.toThrow(/nothing provides tiny-nowhere needed by tiny-rival-1\.0-1\.noarch/);
  });

  test('cannot be had from a source that does not answer: the reason names it, without its password', async () => {
    sourceAt('http://user:canary-Quelle@127.0.0.1:9/tiny');
    const why = await packages.unobtainable(['engine-setup']);
    expect(why).toMatch(/'tiny'.*127\.0\.0\.1:9\/tiny/);
    expect(why).not.toContain('canary');
    await expect(packages.install(['engine-setup'])).rejects.toThrow(/^dnf install engine-setup failed: .*http:\/\/127\.0\.0\.1:9\/tiny/);
    expect(await packages.installed()).toEqual([]);
  });
});
