import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Command, Output } from '#kit';
import { aptPackages, closureOf, updateIn } from '../../../../src/setup/host/packages-apt.ts';
import { failureOf } from '../../../support/fakes.ts';

/* What the programs print is what those of Debian 12 do (apt 2.6.1). */

const simulated = `Reading package lists...
Building dependency tree...
Reading state information...
The following additional packages will be installed:
  apache2-bin libapr1 libssl3
Suggested packages:
  apache2-doc apache2-suexec-pristine | apache2-suexec-custom
The following NEW packages will be installed:
  apache2 apache2-bin libapr1
The following packages will be upgraded:
  libssl3
1 upgraded, 3 newly installed, 0 to remove and 131 not upgraded.
Inst libapr1 (1.7.2-3+deb12u1 Debian:12.15/oldstable [amd64])
Inst libssl3 [3.0.19-1~deb12u2] (3.0.22-1~deb12u2 Debian-Security:12/oldstable-security [amd64]) []
Inst apache2-bin (2.4.71-1~deb12u1 Debian-Security:12/oldstable-security [amd64])
Inst apache2 (2.4.71-1~deb12u1 Debian-Security:12/oldstable-security [amd64])
Conf libapr1 (1.7.2-3+deb12u1 Debian:12.15/oldstable [amd64])
Conf libssl3 (3.0.22-1~deb12u2 Debian-Security:12/oldstable-security [amd64])
Conf apache2-bin (2.4.71-1~deb12u1 Debian-Security:12/oldstable-security [amd64])
Conf apache2 (2.4.71-1~deb12u1 Debian-Security:12/oldstable-security [amd64])
`;

const uris = `Need to get 1648 kB of archives.
'http://user:canary-Quelle-1@deb.example.net/pool/main/a/apache2/apache2-bin_2.4.71-1%7edeb12u1_amd64.deb' apache2-bin_2.4.71-1~deb12u1_amd64.deb 1409916 
'http://user:canary-Quelle-1@deb.example.net/pool/main/a/apr/libapr1_1.7.2-3%2bdeb12u1_amd64.deb' libapr1_1.7.2-3+deb12u1_amd64.deb 99532 MD5Sum:ae46ada499e3b5f66569d09106465454
`;

const unreachable: Output = {
  code: 100,
  stdout: `Ign:1 http://packages.example.net/debian bookworm InRelease
Err:1 http://packages.example.net/debian bookworm InRelease
  Could not connect to 127.0.0.1:9 (127.0.0.1). - connect (111: Connection refused)
Err:2 http://packages.example.net/debian bookworm-updates InRelease
  Unable to connect to 127.0.0.1:9:
Reading package lists...
`,
  stderr: `E: Failed to fetch http://packages.example.net/debian/dists/bookworm/InRelease  Could not connect to 127.0.0.1:9 (127.0.0.1). - connect (111: Connection refused)
E: Failed to fetch http://packages.example.net/debian/dists/bookworm-updates/InRelease  Unable to connect to 127.0.0.1:9:
E: Some index files failed to download. They have been ignored, or old ones used instead.
`,
};
const unknown: Output = { code: 100, stdout: 'Reading package lists...\n', stderr: 'E: Unable to locate package apache2\n' };
const fine: Output = { code: 0, stdout: '', stderr: '' };

describe('an update', () => {
  const policy = (table: string, installed = '1.0-1', candidate = '1.1-1'): string =>
    `engine-setup:\n  Installed: ${installed}\n  Candidate: ${candidate}\n  Version table:\n${table}`;
  const source = (version: string, priority = '500'): string =>
    `     ${version} ${priority}\n${priority.padStart(11)} https://packages.example.net/debian bookworm/main amd64 Packages\n`;
  const status = (more = ''): string => ` *** 1.0-1 100\n${more}        100 /var/lib/dpkg/status\n`;
  const older = '        500 https://packages.example.net/debian bookworm/main amd64 Packages\n';
  const update = { name: 'engine-setup', from: '1.0-1', to: '1.1-1' };

  test('cannot be taken back where no source has the present version any more', () => {
    expect(updateIn(policy(source('1.1-1') + status()), 'engine-setup')).toEqual({ ...update, reversible: false });
    // What stands below belongs to a still older version.
    expect(updateIn(policy(source('1.1-1') + status() + source('0.9-1')), 'engine-setup')).toEqual({ ...update, reversible: false });
  });

  test('can be taken back where a source has it', () => {
    expect(updateIn(policy(source('1.1-1') + status(older)), 'engine-setup')).toEqual({ ...update, reversible: true });
  });

  test('can be taken back also where a pin gives a priority of four digits', () => {
    const pinned = ` *** 1.0-1 1001\n       1001 https://packages.example.net/debian bookworm/main amd64 Packages\n        100 /var/lib/dpkg/status\n`;
    expect(updateIn(policy(source('1.1-1', '1001') + pinned), 'engine-setup')).toEqual({ ...update, reversible: true });
    const only = ' *** 1.0-1 1001\n       1001 /var/lib/dpkg/status\n';
    expect(updateIn(policy(source('1.1-1', '1001') + only), 'engine-setup')).toEqual({ ...update, reversible: false });
  });

  test.each([
    ['is not there for what is not installed', policy(source('1.1-1'), '(none)')],
    ['is not there for what no source has', policy(status(), '1.0-1', '(none)')],
    ['is not there for what is the newest', policy(status(older), '1.0-1', '1.0-1')],
    ['is not there for what apt does not know', ''],
  ])('%s', (_, text) => {
    expect(updateIn(text, 'engine-setup')).toBeUndefined();
  });
});

/** The programs of a Debian host, which note how they are run. */
function programs(answer: (words: string, command: Command) => Output | undefined) {
  const commands: Command[] = [];
  const run = async (command: Command): Promise<Output> => {
    commands.push(command);
    return answer(command.argv.join(' '), command) ?? fine;
  };
  /** The commands without what all of them have in common. */
  const said = (): readonly string[] =>
    commands.map(({ argv }) => {
      const words = argv.filter((word) => !/^(--quiet|--chdir=.*|[A-Z_]+=.*|env)$/.test(word));
      return words.map((word) => word.replace(/engine-setup-apt-\w+/, 'FOLDER')).join(' ');
    });
  return { packages: aptPackages(run), commands, said };
}
const folderIn = (commands: readonly Command[]): string =>
  commands.flatMap(({ argv }) => argv.flatMap((word) => /=(\/.*engine-setup-apt-\w+)/.exec(word)?.[1] ?? [])).at(-1) ?? '';

describe('packages by apt', () => {
  test('are installed only where dpkg has unpacked and configured them', async () => {
    const status: Readonly<Record<string, string>> = { openssl: 'ii \t3.0.19-1~deb12u2', apache2: 'un \t', half: 'iU \t1.0' };
    const { packages } = programs((words) => ({ ...fine, stdout: status[words.split(' ').at(-1) ?? ''] ?? '' }));
    expect(await Promise.all(['openssl', 'apache2', 'half', 'none'].map((name) => packages.version(name)))).toEqual([
      '3.0.19-1~deb12u2',
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('can be had where the lists know them and one of their files can really be fetched: the smallest, by its name', async () => {
    const { packages, said, commands } = programs((words) => {
      if (words.includes('--simulate')) return { ...fine, stdout: simulated };
      return words.includes('--print-uris') ? { ...fine, stdout: uris } : undefined;
    });
    expect(await packages.unobtainable(['apache2'])).toBeUndefined();
    expect(said()).toEqual([
      'apt-get install --no-install-recommends --simulate -- apache2',
      'apt-get install --no-install-recommends --print-uris --yes -- apache2',
      'apt-get download -- libapr1',
    ]);
    expect(JSON.stringify(commands)).not.toContain('canary');
    // It is fetched into a folder that is gone afterwards.
    const folder = folderIn(commands);
    expect(commands.at(-1)?.argv).toContain(`--chdir=${folder}`);
    expect(existsSync(folder)).toBe(false);
  });

  test('need not be fetched where all their files are here already', async () => {
    const { packages, said } = programs((words) => (words.includes('--simulate') ? { ...fine, stdout: simulated } : undefined));
    expect(await packages.unobtainable(['apache2'])).toBeUndefined();
    expect(said()).toHaveLength(2);
  });

  test('that the lists do not know are looked for in new lists, which are not those of the host', async () => {
    const { packages, said } = programs((words) => {
      if (words.includes('--simulate')) return words.includes('Dir::State::Lists=') ? { ...fine, stdout: simulated } : unknown;
      return words.includes('--print-uris') ? { ...fine, stdout: uris } : undefined;
    });
    expect(await packages.unobtainable(['apache2'])).toBeUndefined();
    const apart = expect.stringMatching(/^apt-get -o Dir::State::Lists=\S*\/FOLDER /) as string;
    expect(said()).toEqual(['apt-get install --no-install-recommends --simulate -- apache2', apart, apart, apart, apart]);
    expect(said().map((words) => / (update|--simulate|--print-uris|download) ?/.exec(words)?.[1])).toEqual([
      '--simulate',
      'update',
      '--simulate',
      '--print-uris',
      'download',
    ]);
  });

  test('that are in old lists alone are looked for in new ones, too', async () => {
    const { packages, said } = programs((words) => {
      if (words.includes('--simulate')) return { ...fine, stdout: simulated };
      if (words.includes('--print-uris')) return { ...fine, stdout: uris };
      return words.includes('download') && !words.includes('Dir::State::Lists=') ? { ...unreachable, stderr: 'E: 404' } : undefined;
    });
    expect(await packages.unobtainable(['apache2'])).toBeUndefined();
    expect(said()).toHaveLength(7);
  });

  test('cannot be had where the sources do not answer, and the reason is theirs', async () => {
    const { packages, commands } = programs((words) => (words.includes('--simulate') ? unknown : unreachable));
    expect(await packages.unobtainable(['apache2'])).toEqual(
      expect.stringMatching(/^Failed to fetch http:\S+InRelease {2}Could not connect to 127\.0\.0\.1:9.*; Failed.*; Some index/),
    );
    expect(existsSync(folderIn(commands))).toBe(false);
  });

  test('cannot be had where no source knows them, or gives them out', async () => {
    const nowhere = programs((words) => (words.includes('--simulate') ? unknown : undefined));
    expect(await nowhere.packages.unobtainable(['apache2'])).toBe('Unable to locate package apache2');
    const kept = programs((words) => {
      if (words.includes('--simulate')) return { ...fine, stdout: simulated };
      if (words.includes('--print-uris')) return { ...fine, stdout: uris };
      return words.includes('download') ? { code: 100, stdout: '', stderr: 'E: 403  Forbidden\n' } : undefined;
    });
    expect(await kept.packages.unobtainable(['apache2'])).toBe('403  Forbidden');
  });

  test('are installed from new lists, without what is only recommended, and leave configuration files as they are', async () => {
    const { packages, said, commands } = programs(() => undefined);
    await packages.install(['postgresql-15', 'apache2']);
    const [audit, update, install] = said();
    expect(audit).toBe('dpkg --audit');
    expect(update).toBe('apt-get -o DPkg::Lock::Timeout=300 update');
    expect(install).toMatch(/ install --yes --no-install-recommends -- postgresql-15 apache2$/);
    expect(install).toContain('--force-confdef');
    expect(install).toContain('--force-confold');
    for (const { argv } of commands.slice(1)) expect(argv).toContain('DEBIAN_FRONTEND=noninteractive');
  });

  test('are not installed where the lists cannot be brought up to date, and the failure says why', async () => {
    const { packages, said } = programs((words) => (words.endsWith(' update') ? unreachable : undefined));
    expect(await failureOf(packages.install(['apache2']))).toMatchObject({ code: 'failed' });
    await expect(packages.install(['apache2'])).rejects.toThrow(
      /^The lists of packages cannot be brought up to date: Failed to fetch .* Could not connect to 127\.0\.0\.1:9/,
    );
    expect(said().filter((words) => words.includes(' install '))).toEqual([]);
  });

  test('that dpkg cannot install are told of by what dpkg says first', async () => {
    const stdout = [
      'dpkg: error processing package apache2 (--configure):',
      ' installed apache2 package post-installation script subprocess returned error exit status 1',
      'Errors were encountered while processing:',
      ' apache2',
    ].join('\r\n');
    const stderr = 'E: Sub-process /usr/bin/dpkg returned an error code (1)\n';
    const { packages } = programs((words) => (words.includes(' install ') ? { code: 100, stdout, stderr } : undefined));
    await expect(packages.install(['apache2'])).rejects.toThrow(
      'apt-get install apache2 failed: dpkg: error processing package apache2 (--configure): installed apache2 package post-installation script subprocess returned error exit status 1; Sub-process',
    );
  });

  test('are asked for and noted as wanted or brought along by apt-mark; none is no command', async () => {
    const { packages, said } = programs((words) => (words.includes('showauto') ? { ...fine, stdout: 'apache2\n' } : undefined));
    expect(await packages.automatic(['postgresql-15', 'apache2'])).toEqual(['apache2']);
    expect(await packages.automatic([])).toEqual([]);
    await packages.mark([], 'wanted');
    await packages.mark(['apache2'], 'wanted');
    await packages.mark(['apache2'], 'automatic');
    expect(said()).toEqual(['apt-mark showauto -- postgresql-15 apache2', 'apt-mark manual -- apache2', 'apt-mark auto -- apache2']);
  });

  test('are removed with their configuration; nothing to remove is no command', async () => {
    const { packages, said } = programs(() => undefined);
    await packages.remove([]);
    await packages.remove(['a', 'b']);
    expect(said()).toEqual(['dpkg --audit', 'apt-get -o DPkg::Lock::Timeout=300 purge --yes -- a b']);
  });

  test('are all that dpkg knows anything of, also those that are half installed or only removed', async () => {
    const { packages, said } = programs(() => ({
      ...fine,
      stdout: 'installed\tadduser\nhalf-installed\tapache2\nconfig-files\tnginx\nnot-installed\tvim\n',
    }));
    expect(await packages.installed()).toEqual(['adduser', 'apache2', 'nginx']);
    expect(said()).toHaveLength(1);
  });

  test('that were cut off half configured are configured before anything else is done', async () => {
    const audit = 'The following packages have been unpacked but not yet configured.\n apache2 Apache HTTP Server\n';
    const { packages, said } = programs((words) => (words === 'dpkg --audit' ? { ...fine, stdout: audit } : undefined));
    await packages.remove(['apache2']);
    expect(said()).toEqual([
      'dpkg --audit',
      'dpkg --force-confdef --force-confold --configure --pending',
      'apt-get -o DPkg::Lock::Timeout=300 purge --yes -- apache2',
    ]);
  });

  test('are needed directly, through others, by other names and as alternatives; a circle comes to an end', () => {
    const table = [
      'a\t\t, b (>= 1) | z, mail-agent',
      'b:amd64\t\tlibc6 (>= 2.3), a',
      'libc6:amd64\t\t, ',
      'exim4\tmail-agent (= 1), smtp\t, ',
      'other\t\t, libc6',
    ].join('\n');
    expect([...closureOf(['a'], table)].sort()).toEqual(['a', 'b:amd64', 'exim4', 'libc6:amd64']);
    expect(closureOf(['none'], table)).toEqual([]);
  });

  test('of this product are looked up for updates', async () => {
    const policy =
      'engine-setup:\n  Installed: 1\n  Candidate: 2\n  Version table:\n     2 500\n        500 https://x y Packages\n *** 1 100\n        100 /var/lib/dpkg/status\n';
    const { packages, said } = programs(() => ({ ...fine, stdout: policy }));
    expect(await packages.updates()).toEqual([{ name: 'engine-setup', from: '1', to: '2', reversible: false }]);
    expect(said()).toEqual(['apt-cache policy -- engine-setup']);
  });

  test('are fetched through the proxy of our environment, of which arguments hold nothing', async () => {
    process.env['http_proxy'] = 'http://user:canary-Proxy-77@proxy.example.net:3128';
    try {
      const { packages, commands } = programs((words) => {
        if (words.includes('--simulate')) return words.includes('Dir::State::Lists=') ? { ...fine, stdout: simulated } : unknown;
        return words.includes('--print-uris') ? { ...fine, stdout: uris } : undefined;
      });
      await packages.unobtainable(['apache2']);
      await packages.install(['apache2']);
      await packages.remove(['apache2']);
      expect(JSON.stringify(commands)).not.toContain('canary');
      const overNetwork = commands.filter(({ argv }) => / (update|download|install --yes) ?/.test(` ${argv.join(' ')} `));
      expect(overNetwork).toHaveLength(4);
      for (const { pass } of overNetwork) expect(pass).toContain('http_proxy');
    } finally {
      delete process.env['http_proxy'];
    }
  });
});
