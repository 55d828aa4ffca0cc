import { existsSync } from 'node:fs';
import { lstat, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeEach, describe, expect, it } from 'vitest';
import { center, disk, domain, images, type MadeUpEngine, program, transfer, useIsoUploader } from '../support/iso-uploader.ts';

const tests = useIsoUploader();
const { call, file } = tests;
const isRoot = userInfo().uid === 0;
const prompt = 'Please provide the REST API password for the admin@internal oVirt Engine user (CTRL+D to abort):';

let engine: MadeUpEngine;
let [folder, storage, iso] = ['', '', ''];
beforeEach(() => void ({ engine, folder, iso, storage } = tests));

const wholeBar = 'Uploading: [########################################] 100%';

describe('a file', () => {
  it.each([
    ['on the host of the domain', []],
    ['over ssh', ['--ssh-user', 'root']],
  ])('is uploaded %s, as the seed shows it, and the engine reads its list anew', async (_where, more) => {
    const name = await file('CentOS-7-x86_64-DVD-1804.iso');
    expect(await call(['-i', 'ISO_DOMAIN', ...more, 'upload', name])).toEqual({
      code: 0,
      stdout: `Uploading, please wait...\nINFO: Start uploading ${name}\n${wholeBar}\nINFO: ${name} uploaded successfully`,
      stderr: '',
    });
    expect(await readdir(iso)).toEqual([name]);
    expect(await readFile(join(iso, name))).toEqual(await readFile(join(folder, name)));
    const { mode, uid, gid } = await stat(join(iso, name));
    expect(mode & 0o777).toBe(0o640);
    if (isRoot) expect([uid, gid]).toEqual([36, 36]);
    expect(engine.asked.at(-1)).toBe(`storagedomains/${domain}/files?refresh=true`);
    expect(existsSync(join(folder, 'ssh-arguments'))).toBe(more.length > 0);
  });

  it('goes to another host with ssh as root, with the key and the port that are given', async () => {
    (engine.entity['storage'] as Record<string, unknown>)['address'] = 'storage.example.com';
    const name = await file('a.iso');
    expect(await call(['-i', 'ISO_DOMAIN', '-k', 'my-key', '--ssh-port=2022', 'upload', name])).toMatchObject({ code: 0 });
    const words = (await readFile(join(folder, 'ssh-arguments'), 'utf8')).split('\n');
    expect(words.slice(0, 9)).toEqual(['-T', '-p', '2022', '-i', 'my-key', '-l', 'root', '--', 'storage.example.com']);
    expect(await readdir(iso)).toEqual([name]);
  });

  it.each([[[]], [['--ssh-user=root']]])('is not replaced, unless that is wanted (%j)', async (more) => {
    const name = await file('a.iso');
    await writeFile(join(iso, name), 'before');
    expect(await call(['-i', 'ISO_DOMAIN', ...more, 'upload', name])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('is there already') as string,
    });
    expect(await readFile(join(iso, name), 'utf8')).toBe('before');
    expect(await call(['-i', 'ISO_DOMAIN', ...more, '--force', 'upload', name])).toMatchObject({ code: 0 });
    expect((await stat(join(iso, name))).size).toBe(3_000_000);
  });

  it.each([[[]], [['--ssh-user=root']]])('is written through no link that others have put into the folder (%j)', async (more) => {
    const name = await file('a.iso');
    const [other, elsewhere] = [join(storage, 'other'), join(storage, 'elsewhere')];
    await writeFile(other, 'before', { mode: 0o600 });
    await mkdir(elsewhere);
    await symlink(other, join(iso, `.${name}`));
    await symlink(elsewhere, join(iso, name));
    const before = await stat(other);
    expect(await call(['-i', 'ISO_DOMAIN', ...more, '--force', 'upload', name])).toMatchObject({ code: 0 });
    expect(await readFile(other, 'utf8')).toBe('before');
    expect(await stat(other)).toMatchObject({ mode: before.mode, uid: before.uid });
    expect(await readdir(elsewhere)).toEqual([]);
    expect((await lstat(join(iso, name))).isFile()).toBe(true);
  });

  it('that cannot be taken keeps no other from it, and the exit code tells', async () => {
    const [one, other] = [await file('one.iso'), await file('two.iso')];
    await writeFile(join(iso, one), 'before');
    const { code, stdout, stderr } = await call(['-i', 'ISO_DOMAIN', 'upload', one, other]);
    expect(code).toBe(1);
    expect(stdout).toContain('INFO: two.iso uploaded successfully');
    expect(stderr).toBe('ERROR: one.iso is there already. --force replaces it.');
    expect((await readdir(iso)).sort()).toEqual(['one.iso', 'two.iso']);
  });

  it('that the connection is lost in the middle of leaves nothing behind', async () => {
    const name = await file('lost.iso');
    const real = await readFile(join(folder, 'bin/ssh'), 'utf8');
    await writeFile(join(folder, 'bin/ssh'), real.replace('exec sh -c "$last"', 'head -c 1000000 | sh -c "$last"'));
    try {
      expect(await call(['-i', 'ISO_DOMAIN', '--ssh-user=root', 'upload', name])).toMatchObject({
        code: 1,
        stderr: 'ERROR: lost.iso has not arrived as a whole.',
      });
      expect(await readdir(iso)).toEqual([]);
      await writeFile(join(folder, 'bin/ssh'), '#!/bin/sh\nexit 255\n');
      expect(await call(['-i', 'ISO_DOMAIN', '--ssh-user=root', 'upload', name])).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('cannot be reached with ssh') as string,
      });
    } finally {
      await writeFile(join(folder, 'bin/ssh'), real);
    }
  });

  it.each(["a';reboot.iso", 'a\nb.iso', '.hidden.iso', '$(id).iso'])('is not called %j', async (name) => {
    await file(name, 10);
    const { code, stderr } = await call(['-i', 'ISO_DOMAIN', 'upload', name]);
    expect([code, stderr]).toEqual([2, expect.stringContaining('cannot be the name')]);
    expect(engine.asked).toEqual([]);
  });

  it('that is not there, is none or is empty is told of before anybody is asked', async () => {
    await file('empty.iso', 0);
    for (const name of ['missing.iso', 'empty.iso', folder]) {
      const { code } = await call(['-i', 'ISO_DOMAIN', 'upload', name]);
      expect(code).not.toBe(0);
    }
    expect(engine.asked).toEqual([]);
  });

  it('stays uploaded where the engine cannot read its list anew, which is told', async () => {
    engine.refused = `storagedomains/${domain}/files?refresh=true`;
    const { code, stderr } = await call(['-i', 'ISO_DOMAIN', 'upload', await file('a.iso')]);
    expect([code, stderr]).toEqual([0, expect.stringContaining('has not read its list')]);
  });
});

describe('a domain for data', () => {
  it('gets a disk with the file, through whoever can be reached', async () => {
    const name = await file('debian 12.iso', 3_000_001);
    expect(await call(['-i', 'data', 'upload', name])).toEqual({
      code: 0,
      stdout: `Uploading, please wait...\nINFO: Start uploading ${name}\n${wholeBar}\nINFO: ${name} uploaded successfully`,
      stderr: '',
    });
    expect(engine.came).toEqual(await readFile(join(folder, name)));
    expect(engine.disks).toEqual([
      {
        ...{ id: disk, name, format: 'raw', content_type: 'iso', provisioned_size: '3000320' },
        storage_domains: { storage_domain: [{ id: center }] },
      },
    ]);
    expect(engine.asked).toContain(`POST imagetransfers/${transfer}/finalize {}`);
  });

  it('keeps a disk of that name, unless it is to be replaced', async () => {
    const name = await file('a.iso');
    engine.disks = [{ id: domain, alias: name, content_type: 'iso' }];
    expect(await call(['-i', 'data', 'upload', name])).toMatchObject({
      code: 1,
      stderr: 'ERROR: a.iso is there already. --force replaces it.',
    });
    expect(engine.disks).toHaveLength(1);
    expect(await call(['-i', 'data', '-f', 'upload', name])).toMatchObject({ code: 0 });
    expect(engine.disks.map(({ id }) => id)).toEqual([disk]);
  });

  it('keeps nothing of a file that the engine does not take', async () => {
    engine.outcome = 'finished_failure';
    const former = { id: domain, alias: 'a.iso', content_type: 'iso' };
    engine.disks = [former];
    const { code, stderr } = await call(['-i', 'data', '-f', 'upload', await file('a.iso')]);
    expect([code, stderr]).toEqual([1, expect.stringContaining('was not taken by the engine')]);
    expect(engine.disks).toEqual([former]);
  });
});

describe('a domain', () => {
  it('is listed', async () => {
    expect(await call(['list'])).toEqual({
      code: 0,
      stderr: '',
      stdout: 'ISO Storage Domain Name | ISO Domain Status\nISO_DOMAIN              | ok',
    });
  });

  it('has to be there, attached and active', async () => {
    const upload = async (name: string) => (await call(['-i', name, 'upload', await file('a.iso')])).stderr;
    expect(await upload('nothing')).toBe('ERROR: There is no storage domain nothing for ISO files or data: there is data, ISO_DOMAIN.');
    engine.status = 'maintenance';
    expect(await upload('ISO_DOMAIN')).toContain('is not active: its status is maintenance');
    engine.entity['data_centers'] = { data_center: [] };
    expect(await upload('ISO_DOMAIN')).toContain('is not attached');
    expect(await readdir(iso)).toEqual([]);
  });

  it('may be on a local folder of a host, below what mount takes, or in a folder that all hosts have', async () => {
    engine.entity['host'] = { id: '7c1f2a33-0b1d-4f3e-9a52-1d0e1c2b3a4f' };
    for (const place of [
      { type: 'localfs', path: storage },
      { type: 'posixfs', path: `localhost:${storage}`, vfs_type: 'nfs' },
      { type: 'posixfs', path: storage, vfs_type: 'bind' },
    ]) {
      engine.entity['storage'] = place;
      expect(await call(['-i', 'ISO_DOMAIN', '-f', 'upload', await file('a.iso')])).toMatchObject({ code: 0 });
    }
    engine.isUp = false;
    for (const place of [
      { type: 'posixfs', path: '/dev/sdz', vfs_type: 'ext4' },
      { type: 'posixfs', path: storage, vfs_type: 'bind' },
    ]) {
      engine.entity['storage'] = place;
      expect(await call(['-i', 'ISO_DOMAIN', '-f', 'upload', 'a.iso'])).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('--nfs-server') as string,
      });
    }
  });

  it('may be named by its folder, without an engine', async () => {
    const name = await file('a.iso');
    const given = ['-n', `localhost:${storage}`, 'upload', name];
    for (const more of [[], ['--ssh-user=root', '-f']])
      expect(await call([...more, ...given], { engine: false, input: '' })).toMatchObject({ code: 0 });
    expect(engine.asked).toEqual([]);
    await mkdir(join(storage, center, images), { recursive: true });
    for (const more of [['-f'], ['--ssh-user=root', '-f']]) {
      expect(await call([...more, ...given], { engine: false, input: '' })).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('or several') as string,
      });
    }
  });
});

describe('the engine', () => {
  it('is asked with the password that is typed, or that a file has, and its name is looked at', async () => {
    expect(await call(['list'], { input: 'wrong\n' })).toEqual({
      code: 1,
      stdout: '',
      stderr: 'ERROR: The engine refuses the user or the password.',
    });
    expect(await call(['list'], { input: '' })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('before the password') as string,
    });
    await writeFile(
      join(folder, 'settings.conf'),
      `[ISOUploader]\npasswd=Canary-1\nengine=127.0.0.1:${tests.port}\ncert-file=${join(folder, 'ca.pem')}\n`,
    );
    const { code, stderr } = await call(['list'], { engine: false, input: '' });
    expect([code, stderr]).toEqual([1, expect.stringContaining('cannot be asked')]);
    expect(await call(['--insecure', 'list'], { engine: false, input: '' })).toMatchObject({ code: 0 });
    await mkdir(join(folder, 'settings.conf.d'));
    await writeFile(join(folder, 'settings.conf.d/99.conf'), `[ISOUploader]\nengine=localhost:${tests.port}\n`);
    expect(await call(['list'], { engine: false, input: '' })).toMatchObject({ code: 0 });
    await rm(join(folder, 'settings.conf.d'), { recursive: true });
  });

  it('is that of the installation, which says who vouches for it', async () => {
    const root = join(folder, 'root');
    await mkdir(join(root, 'etc/ovirt-engine'), { recursive: true });
    const lines = [
      `ENGINE_FQDN=localhost`,
      `ENGINE_SSO_AUTH_URL=https://localhost:${tests.port}/ovirt-engine/sso`,
      `ENGINE_PKI_CA=${folder}/ca.pem`,
    ];
    await writeFile(join(root, 'etc/ovirt-engine/engine.conf'), `${lines.join('\n')}\n`);
    expect(await call(['--root', root, 'list'], { engine: false })).toMatchObject({ code: 0 });
  });

  it('is asked quietly, in detail and for a file, as is wanted', async () => {
    const name = await file('a.iso');
    expect(await call(['-i', 'ISO_DOMAIN', '--quiet', '--log-file=told', 'upload', name])).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(await readFile(join(folder, 'told'), 'utf8')).toMatch(/INFO: a.iso uploaded successfully\n$/);
    const { stdout } = await call(['-v', 'list']);
    expect(stdout).toMatch(/^DEBUG: GET \/ovirt-engine\/api\/storagedomains\n/);
    expect(stdout).not.toContain('Canary-1');
  });
});

describe('the command line', () => {
  it.each([
    [['upload'], 'which files'],
    [['list', 'x'], 'takes no files'],
    [['remove'], 'list or upload'],
    [['--nonsense', 'list'], 'cannot be understood'],
    [['--with-kerberos', 'list'], 'Kerberos'],
    [['-r', '-oProxyCommand=x', 'list'], 'cannot be understood'],
    [['-r', 'a b', 'list'], 'HOST:PORT'],
    [['--ssh-port=x', 'list'], '--ssh-port'],
    [['--ssh-user=-x', 'list'], '--ssh-user'],
    [['-n', 'a', 'list'], 'HOST:/PATH'],
    [['-i', 'a', '-n', 'b:/c', 'list'], 'either'],
    [['--user=a', 'list'], '--user'],
  ])('%j is refused', async (args, why) => {
    const { code, stderr } = await call(args, { engine: false });
    expect([code, stderr]).toEqual([2, expect.stringContaining(why)]);
  });

  it('explains itself', async () => {
    const { exitCode, stdout } = await execa(program, []);
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining('upload FILE')]);
  });

  it.skipIf(!existsSync('/usr/bin/script'))('asks for the password at a terminal, and does not show it', async () => {
    const command = `${program} -r localhost:${tests.port} --cert-file ${join(folder, 'ca.pem')} --conf-file ${join(folder, 'settings.conf')} list`;
    const child = execa('script', ['-qec', command, '/dev/null'], { reject: false });
    let [seen, isTyped] = ['', false];
    child.stdout.on('data', (chunk: Buffer) => {
      seen += String(chunk);
      if (isTyped || !seen.includes('to abort)')) return;
      isTyped = true;
      child.stdin.write('Canary-1\r');
    });
    const { stdout, exitCode } = await child;
    expect(isTyped).toBe(true);
    expect(stdout).not.toContain('Canary-1');
    expect(stdout).toContain(prompt);
    expect([exitCode, stdout]).toEqual([0, expect.stringMatching(/\| ok/)]);
  });
});
