import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { filesBelow } from '../../../../src/setup/host/files.ts';
import { writePrivateFile } from '../../../../src/setup/host/put.ts';
import { SetupError } from '../../../../src/setup/kit/errors.ts';
import { type Host, file } from '../../../../src/setup/kit/host.ts';

const asRoot = process.getuid?.() === 0;

let outside: string;
let root: string;
let files: Host['files'];
let umask: number;

beforeEach(async () => {
  outside = await mkdtemp(join(tmpdir(), 'files-'));
  root = join(outside, 'root');
  mkdirSync(root);
  files = filesBelow(root, { owners: false });
  umask = process.umask(0o077);
});
afterEach(async () => {
  process.umask(umask);
  await rm(outside, { recursive: true, force: true });
});

const modeOf = (path: string): number => statSync(join(root, path)).mode & 0o7777;
const failure = async (work: Promise<unknown>): Promise<SetupError> => {
  const error = await work.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(SetupError);
  return error as SetupError;
};

describe('writing', () => {
  test('gives exact modes and parents that all may enter, whatever the umask', async () => {
    await files.write('/etc/a/b/config', file('x', 0o666));
    await files.write('/etc/tool', file('x', 0o4755));
    await files.write('/var/d', { kind: 'directory', mode: 0o1777 });
    expect(['etc', 'etc/a', 'etc/a/b', 'etc/a/b/config', 'etc/tool', 'var', 'var/d'].map((path) => modeOf(path).toString(8))).toEqual([
      '755', '755', '755', '666', '4755', '755', '1777',
    ]); // prettier-ignore
    process.umask(0);
    await files.write('/etc/a/secret', file('x', 0o600));
    await files.append('/log/journal', 'x');
    expect([modeOf('etc/a/secret'), modeOf('log'), modeOf('log/journal')]).toEqual([0o600, 0o755, 0o600]);
  });

  test('reads back what was written, of every kind', async () => {
    const entries = [file('é\0', 0o640), { kind: 'directory', mode: 0o750 }, { kind: 'link', target: '/usr/lib/somewhere' }] as const;
    for (const entry of entries) {
      await files.write('/a/entry', entry);
      expect(await files.read('/a/entry')).toEqual(entry);
      await files.remove('/a/entry');
      expect(await files.read('/a/entry')).toBeUndefined();
    }
    expect(await files.read('/a/entry/below')).toBeUndefined();
  });

  test('replaces a file or a link in one move, and leaves nothing beside it', async () => {
    await files.write('/current', { kind: 'link', target: '1.0' });
    await files.write('/current', { kind: 'link', target: '2.0' });
    await files.write('/link', { kind: 'link', target: 'victim' });
    await files.write('/victim', file('old', 0o644));
    const before = statSync(join(root, 'victim')).ino;
    await files.write('/victim', file('new', 0o600));
    await files.write('/link', file('own', 0o600));
    expect(statSync(join(root, 'victim')).ino).not.toBe(before);
    expect(readFileSync(join(root, 'victim'), 'utf8')).toBe('new');
    expect(readlinkSync(join(root, 'current'))).toBe('2.0');
    expect(readFileSync(join(root, 'link'), 'utf8')).toBe('own');
    expect(await files.list('/')).toEqual(['current', 'link', 'victim']);
  });

  test('keeps the old file whole for whoever has it open', async () => {
    await files.write('/config', file('old', 0o644));
    const reader = (): string => readFileSync(join(root, 'config'), 'utf8');
    const writes = Array.from({ length: 20 }, (_, index) => files.write('/config', file(`${index}`.repeat(50_000), 0o644)));
    const seen: string[] = [];
    const watching = (async () => {
      for (let round = 0; round < 20; round++) {
        seen.push(reader());
        await new Promise(setImmediate);
      }
    })();
    await Promise.all([...writes, watching]);
    for (const text of seen) expect(text === 'old' || new Set(text.match(/../g)).size <= 2).toBe(true);
  });

  test('changes the mode of a directory and keeps what it holds', async () => {
    await files.write('/d/inside', file('x', 0o644));
    await files.write('/d', { kind: 'directory', mode: 0o700 });
    expect(modeOf('d')).toBe(0o700);
    expect(await files.list('/d')).toEqual(['inside']);
  });

  test('refuses to put a file in the place of a directory, or a directory in the place of a file', async () => {
    await files.write('/d/inside', file('x', 0o644));
    await files.write('/f', file('x', 0o644));
    expect((await failure(files.write('/d', file('x', 0o644)))).remedy).toContain(join(root, 'd'));
    expect((await failure(files.write('/f', { kind: 'directory', mode: 0o755 }))).message).toContain(join(root, 'f'));
    expect((await failure(files.write('/f/below', file('x', 0o644)))).message).toContain('not a directory');
    expect(readdirSync(root).sort()).toEqual(['d', 'f']);
  });

  test('neither reports nor sets owners in a sandbox', async () => {
    await files.write('/a', file('x', 0o644, 'no-such-user', 'no-such-group'));
    expect(await files.read('/a')).toEqual(file('x', 0o644));
  });

  test.runIf(asRoot)('sets and reports owners where it is asked to (needs root)', async () => {
    const owning = filesBelow(root, { owners: true });
    await owning.write('/a', file('x', 0o640, 'nobody', 'daemon'));
    expect(await owning.read('/a')).toEqual(file('x', 0o640, 'nobody', 'daemon'));
    await owning.write('/d', { kind: 'directory', mode: 0o2750, owner: '12345', group: 'daemon' });
    expect(await owning.read('/d')).toEqual({ kind: 'directory', mode: 0o2750, owner: '12345', group: 'daemon' });
    expect((await failure(owning.write('/b', file('x', 0o640, 'no-such-user')))).message).toContain('no user no-such-user');
    expect(existsSync(join(root, 'b'))).toBe(false);
    expect(await owning.list('/')).toEqual(['a', 'd']);
  });
});

describe('appending', () => {
  test('adds whole lines, also when many come at once', async () => {
    const lines = Array.from({ length: 50 }, (_, index) => `${index}`.repeat(200));
    await Promise.all(lines.map((line) => files.append('/journal', line)));
    const text = readFileSync(join(root, 'journal'), 'utf8');
    expect(text.split('\n').slice(0, -1).sort()).toEqual([...lines].sort());
  });

  test('does not follow a link', async () => {
    writeFileSync(join(outside, 'victim'), 'x');
    symlinkSync(join(outside, 'victim'), join(root, 'journal'));
    await failure(files.append('/journal', 'y'));
    expect(readFileSync(join(outside, 'victim'), 'utf8')).toBe('x');
  });
});

describe('removing and renaming', () => {
  test('removes a whole tree and never what its links point to', async () => {
    mkdirSync(join(outside, 'precious'));
    writeFileSync(join(outside, 'precious/file'), 'x');
    await files.write('/tree/deep/file', file('x', 0o400));
    symlinkSync(join(outside, 'precious'), join(root, 'tree/link'));
    symlinkSync(join(outside, 'precious'), join(root, 'link'));
    await files.remove('/tree');
    await files.remove('/link');
    await files.remove('/nothing/there');
    expect(readdirSync(root)).toEqual([]);
    expect(readdirSync(join(outside, 'precious'))).toEqual(['file']);
  });

  test('moves into directories that it makes', async () => {
    await files.write('/a', file('x', 0o644));
    await files.rename('/a', '/b/c/d');
    expect(await files.read('/a')).toBeUndefined();
    expect(await files.read('/b/c/d')).toEqual(file('x', 0o644));
    expect((await failure(files.rename('/a', '/e'))).message).toContain(join(root, 'a'));
  });

  test('never touches the root itself', async () => {
    for (const path of ['/', '//', '/.']) {
      await failure(files.remove(path));
      await failure(files.rename(path, '/x'));
      await failure(files.write(path, file('x', 0o644)));
    }
    expect(existsSync(root)).toBe(true);
  });
});

describe('the root of a sandbox', () => {
  test('cannot be left by a path, whatever it looks like', async () => {
    const all = [
      (path: string) => files.read(path),
      (path: string) => files.list(path),
      (path: string) => files.free(path),
      (path: string) => files.write(path, file('x', 0o644)),
      (path: string) => files.append(path, 'x'),
      (path: string) => files.remove(path),
    ];
    for (const path of ['/../x', '/a/../../x', '/a/..', 'relative', '', '../x', '/a\0b']) {
      for (const work of all) expect((await failure(work(path))).code).toBe('refused');
      await failure(files.rename(path, '/ok'));
      await failure(files.rename('/ok', path));
      expect(() => files.real(path)).toThrow(SetupError);
    }
    expect(readdirSync(outside)).toEqual(['root']);
  });

  test('holds every path that is accepted', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', '.', '..', '', 'b c', '...', '\0', '~', '%2e%2e')), (parts) => {
        const path = `/${parts.join('/')}`;
        const allowed = !parts.includes('..') && !path.includes('\0');
        if (!allowed) expect(() => files.real(path)).toThrow(SetupError);
        else expect(files.real(path) === root || files.real(path).startsWith(`${root}/`)).toBe(true);
        if (allowed) expect(files.real(path)).not.toMatch(/\/\.?(\/|$)/);
      }),
    );
  });

  test('cannot be left through a link, absolute, relative or dangling', async () => {
    mkdirSync(join(outside, 'elsewhere'));
    symlinkSync(join(outside, 'elsewhere'), join(root, 'absolute'));
    symlinkSync('../elsewhere', join(root, 'relative'));
    symlinkSync('..', join(root, 'up'));
    symlinkSync(join(outside, 'not-yet'), join(root, 'dangling'));
    for (const link of ['absolute', 'relative', 'up']) {
      await failure(files.write(`/${link}/x`, file('x', 0o644)));
      await failure(files.append(`/${link}/y/z`, 'x'));
      await failure(files.list(`/${link}`));
      await failure(files.remove(`/${link}/x`));
      await failure(files.read(`/${link}/x`));
      expect((await files.read(`/${link}`))?.kind).toBe('link');
    }
    await failure(files.write('/dangling/x', file('x', 0o644)));
    expect(readdirSync(outside).sort()).toEqual(['elsewhere', 'root']);
    expect(readdirSync(join(outside, 'elsewhere'))).toEqual([]);
  });

  test('may hold links that stay inside, and is itself reached through one', async () => {
    await files.write('/lib/1.0/x', file('x', 0o644));
    await files.write('/lib/current', { kind: 'link', target: '1.0' });
    await files.write('/lib/current/y', file('y', 0o644));
    expect(await files.list('/lib/1.0')).toEqual(['x', 'y']);
    symlinkSync(root, join(outside, 'alias'));
    const aliased = filesBelow(join(outside, 'alias'), { owners: false });
    expect(await aliased.list('/lib/current')).toEqual(['x', 'y']);
    expect(aliased.real('/lib')).toBe(join(outside, 'alias/lib'));
  });

  test('is made on the way when it is not there yet', async () => {
    const fresh = filesBelow(join(outside, 'new/root'), { owners: false });
    expect(await fresh.list('/')).toEqual([]);
    expect(await fresh.free('/')).toBeGreaterThan(0);
    await fresh.write('/etc/x', file('x', 0o644));
    expect(await fresh.list('/etc')).toEqual(['x']);
  });
});

describe('what the file system refuses', () => {
  test('is no pipe that reading would wait for', async () => {
    execFileSync('mkfifo', [join(root, 'pipe')]);
    expect((await failure(files.read('/pipe'))).message).toContain(join(root, 'pipe'));
  });

  test.runIf(asRoot)('names the path and a way out on a full disk, and leaves the old file (needs root)', async () => {
    mkdirSync(join(root, 'small'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', join(root, 'small')]);
    try {
      await files.write('/small/config', file('old', 0o644));
      expect(await files.free('/small/not/there')).toBeLessThanOrEqual(64 * 1024);
      const error = await failure(files.write('/small/config', file('x'.repeat(200_000), 0o644)));
      expect(error).toMatchObject({ code: 'failed', message: `Cannot write ${root}/small/config: no space is left on the device` });
      expect(error.remedy).toContain('Free some space');
      expect(await files.list('/small')).toEqual(['config']);
      expect(await files.read('/small/config')).toEqual(file('old', 0o644));
      await files.append('/small/journal', 'first');
      expect((await failure(files.append('/small/journal', 'y'.repeat(200_000)))).message).toContain('no space is left');
      expect(await files.read('/small/journal')).toEqual(file('first\n', 0o600));
    } finally {
      execFileSync('umount', [join(root, 'small')]);
    }
  });

  test.runIf(asRoot)('says so on a read-only file system (needs root)', async () => {
    mkdirSync(join(root, 'fixed'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro,size=64k', 'tmpfs', join(root, 'fixed')]);
    try {
      expect(await failure(files.write('/fixed/a', file('x', 0o644)))).toMatchObject({
        message: `Cannot write ${root}/fixed/a: the file system is read-only`,
      });
    } finally {
      execFileSync('umount', [join(root, 'fixed')]);
    }
  });

  test.skipIf(asRoot)('says so without permission (needs an ordinary user)', async () => {
    mkdirSync(join(root, 'closed'), { mode: 0o500 });
    expect((await failure(files.write('/closed/a', file('x', 0o644)))).message).toContain('permission denied');
  });
});

describe('a private file outside of any prefix', () => {
  test('replaces what lies there, be it a link or open to all, and nothing that is no file', () => {
    const folder = join(outside, 'private');
    mkdirSync(folder);
    const at = (name: string): string => join(folder, name);
    writeFileSync(at('precious'), 'data', { mode: 0o644 });
    symlinkSync('precious', at('link'));
    symlinkSync('nowhere', at('dangling'));
    for (const name of ['new', 'link', 'dangling']) {
      writePrivateFile(at(name), 'secret');
      expect(lstatSync(at(name)).mode, name).toBe(0o100600);
      expect(readFileSync(at(name), 'utf8')).toBe('secret');
    }
    expect(readFileSync(at('precious'), 'utf8')).toBe('data');
    mkdirSync(at('folder'));
    symlinkSync('/dev/null', at('device'));
    for (const name of ['folder', 'device']) expect(() => writePrivateFile(at(name), 'secret')).toThrow('it is not a file');
    expect(readdirSync(folder).sort()).toEqual(['dangling', 'device', 'folder', 'link', 'new', 'precious']);
  });
});
