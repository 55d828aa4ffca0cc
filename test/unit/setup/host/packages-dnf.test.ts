import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Command, Output } from '#kit';
import { dnfPackages } from '../../../../src/setup/host/packages-dnf.ts';
import { failureOf } from '../../../support/fakes.ts';

/* What the programs print is what those of Debian 12 do (dnf 4.14.0, rpm 4.18.0). */

const fine: Output = { code: 0, stdout: '', stderr: '' };
const unknown: Output = {
  code: 1,
  stdout: 'x                                               259 kB/s | 1.0 kB     00:00    \n',
  stderr: 'No match for argument: httpd\nError: Unable to find a match: httpd\n',
};
const unreachable: Output = {
  code: 1,
  stdout: 'x                                               0.0  B/s |   0  B     00:00    \n',
  stderr: `Unable to detect release version (use '--releasever' to specify release version)
Errors during downloading metadata for repository 'x':
  - Curl error (7): Couldn't connect to server for http://user:canary-Quelle-1@127.0.0.1:9/repo/repodata/repomd.xml [Failed to connect to 127.0.0.1 port 9 after 0 ms: Couldn't connect to server]
Error: Failed to download metadata for repo 'x': Cannot download repomd.xml: Cannot download repodata/repomd.xml: All mirrors were tried
Ignoring repositories: x
No match for argument: httpd
Error: Unable to find a match: httpd
`,
};

/** The programs of a host, which note how they are run. */
function programs(answer: (words: string) => Output | undefined, more: { readonly root?: string } = {}) {
  const commands: Command[] = [];
  const run = async (command: Command): Promise<Output> => {
    commands.push(command);
    return answer(command.argv.join(' ')) ?? fine;
  };
  const said = (): readonly string[] =>
    commands.map(({ argv }) => argv.join(' ').replaceAll(/\S*engine-setup-dnf-\w+/g, (word) => word.replace(/\/.*/, 'FOLDER')));
  return { packages: dnfPackages(run, more), commands, said };
}

describe('packages by dnf', () => {
  test('have the version that rpm knows, with their epoch; where there are several of one name, the first', async () => {
    const known: Readonly<Record<string, string>> = { openssl: '1:3.0.7-27.el9\n', kernel: '5.14.0-1\n5.14.0-2\n' };
    const { packages, said } = programs((words) => {
      const name = words.split(' ').at(-1) ?? '';
      return { stderr: '', stdout: known[name] ?? `package ${name} is not installed\n`, code: name in known ? 0 : 1 };
    });
    expect(await Promise.all(['openssl', 'kernel', 'none'].map((name) => packages.version(name)))).toEqual([
      '1:3.0.7-27.el9',
      '5.14.0-1',
      undefined,
    ]);
    expect(said()[0]).toBe('rpm --query --queryformat %{EVR}\\n -- openssl');
  });

  test('are all that rpm knows, each once; keys of sources are no packages', async () => {
    const { packages, said } = programs(() => ({ ...fine, stdout: 'bash\nlibgcc\ngpg-pubkey\nlibgcc\n' }));
    expect(await packages.installed()).toEqual(['bash', 'libgcc']);
    expect(said()).toEqual(['rpm --query --queryformat %{NAME}\\n --all']);
  });

  test('below a folder are those of that folder alone', async () => {
    const { packages, said } = programs(() => fine, { root: '/srv/image' });
    await packages.version('a');
    await packages.installed();
    await packages.automatic(['a']);
    await packages.unobtainable(['a']);
    await packages.install(['a']);
    await packages.remove(['a']);
    await packages.mark(['a'], 'wanted');
    expect(said()).toHaveLength(7);
    for (const words of said()) expect(words).toMatch(/^(rpm --root|dnf --installroot)=\/srv\/image /);
  });

  test('can be had where they can be fetched, into a folder that is gone afterwards; the host takes nothing, not even keys', async () => {
    let there = false;
    const { packages, said, commands } = programs((words) => {
      there = existsSync(/--downloaddir=(\S+)/.exec(words)?.[1] ?? '');
      return undefined;
    });
    expect(await packages.unobtainable(['postgresql-server', 'httpd'])).toBeUndefined();
    expect(said()).toEqual([
      'dnf --assumeyes --setopt=cachedir=FOLDER --nogpgcheck --downloadonly --downloaddir=FOLDER --setopt=install_weak_deps=False install -- postgresql-server httpd',
    ]);
    expect(there).toBe(true);
    expect(existsSync(/--downloaddir=(\S+)/.exec(commands[0]?.argv.join(' ') ?? '')?.[1] ?? '/')).toBe(false);
  });

  test('cannot be had where no source knows them', async () => {
    expect(await programs(() => unknown).packages.unobtainable(['httpd'])).toBe('Unable to find a match: httpd');
  });

  test('cannot be had where the sources do not answer: the reason is theirs, without the password in their address', async () => {
    const why = await programs(() => unreachable).packages.unobtainable(['httpd']);
    expect(why).toMatch(/^Unable to find a match: httpd; Errors during downloading metadata for repository 'x': Curl error \(7\): /);
    expect(why).toContain('for http://127.0.0.1:9/repo/repodata/repomd.xml [Failed to connect');
    expect(why).not.toMatch(/canary|releasever|Ignoring/);
  });

  test('leave no folder behind where dnf cannot be started', async () => {
    let folder = '';
    const { packages } = programs((words) => {
      folder = /--downloaddir=(\S+)/.exec(words)?.[1] ?? '';
      throw new Error('gone');
    });
    await expect(packages.unobtainable(['httpd'])).rejects.toThrow('gone');
    expect(folder).not.toBe('');
    expect(existsSync(folder)).toBe(false);
  });

  test('are installed by what the sources say now, without what is only recommended', async () => {
    const { packages, said } = programs(() => undefined);
    await packages.install(['postgresql-server', 'httpd']);
    expect(said()).toEqual(['dnf --assumeyes --refresh --setopt=install_weak_deps=False install -- postgresql-server httpd']);
  });

  test('that cannot be installed are told of by the error that ended dnf, and what led to it', async () => {
    const stderr =
      'Error: \n Problem: conflicting requests\n  - nothing provides tiny-lib needed by tiny-1.0-1.noarch\n(try to add --skip-broken)\n';
    const unresolved = programs(() => ({ code: 1, stdout: '', stderr })).packages;
    expect(await failureOf(unresolved.install(['tiny']))).toMatchObject({ code: 'failed' });
    await expect(unresolved.install(['tiny'])).rejects.toThrow(
      /^dnf install tiny failed: Problem: conflicting requests; nothing provides tiny-lib needed by tiny-1\.0-1\.noarch$/,
    );
    const scriptlet = 'Error in PREIN scriptlet in rpm package broken\nError: Transaction failed\n';
    await expect(programs(() => ({ code: 1, stdout: '', stderr: scriptlet })).packages.install(['broken'])).rejects.toThrow(
      /^dnf install broken failed: Transaction failed; Error in PREIN scriptlet in rpm package broken$/,
    );
    // A program that says nothing of an error: its last words.
    const killed = { code: 137, stdout: 'Downloading Packages:\n', stderr: '' };
    await expect(programs(() => killed).packages.install(['tiny'])).rejects.toThrow(/^dnf install tiny failed: Downloading Packages:$/);
  });

  test('are removed without the network, and nothing else with them; nothing to remove is no command', async () => {
    const { packages, said } = programs(() => undefined);
    await packages.remove([]);
    await packages.remove(['a', 'b']);
    expect(said()).toEqual(['dnf --assumeyes --cacheonly --noautoremove remove -- a b']);
    const kept = programs(() => ({ code: 1, stdout: '', stderr: 'Error: \n Problem: it would remove dnf\n' })).packages;
    await expect(kept.remove(['a'])).rejects.toThrow(/^dnf remove a failed: Problem: it would remove dnf$/);
  });

  test('are asked for and noted as wanted or brought along; none is no command', async () => {
    const reasons = 'httpd user\napr dependency\nmailcap weak-dependency\nbash group\n';
    const { packages, said } = programs((words) => (words.includes('repoquery') ? { ...fine, stdout: reasons } : undefined));
    expect(await packages.automatic(['httpd', 'apr', 'mailcap', 'bash'])).toEqual(['apr', 'mailcap']);
    expect(await packages.automatic([])).toEqual([]);
    await packages.mark([], 'wanted');
    await packages.mark(['apr'], 'wanted');
    await packages.mark(['apr'], 'automatic');
    expect(said()).toEqual([
      'dnf --assumeyes --quiet --cacheonly repoquery --installed --queryformat=%{name} %{reason} -- httpd apr mailcap bash',
      'dnf --assumeyes --cacheonly mark install -- apr',
      'dnf --assumeyes --cacheonly mark remove -- apr',
    ]);
    const refused = programs(() => ({ code: 1, stdout: '', stderr: 'Error:\nPackage apr is not installed.\n' })).packages;
    await expect(refused.mark(['apr'], 'wanted')).rejects.toThrow(/^dnf mark install apr failed: Package apr is not installed\.$/);
  });

  test.each([
    ['can be taken back where a source has the present version', '1.0-1', '1.1-1', '1.0-1\n1.1-1\n', true],
    ['cannot be taken back where no source has it', '1.0-1', '1.1-1', '1.1-1\n', false],
  ])('of this product have updates, which %s', async (_, from, to, offered, reversible) => {
    const { packages, commands } = programs((words) => {
      if (words.startsWith('rpm')) return { ...fine, stdout: `${from}\n` };
      return { ...fine, stdout: words.includes('--upgrades') ? `${to}\n` : offered };
    });
    expect(await packages.updates()).toEqual([{ name: 'engine-setup', from, to, reversible }]);
    for (const { argv } of commands.filter(({ argv: [program] }) => program === 'dnf')) expect(argv).toContain('--cacheonly');
  });

  test('of this product have none where it is not installed, or is the newest', async () => {
    const absent = programs(() => ({ code: 1, stdout: 'package engine-setup is not installed\n', stderr: '' }));
    expect(await absent.packages.updates()).toEqual([]);
    expect(absent.said()).toHaveLength(1);
    const newest = programs((words) => (words.startsWith('rpm') ? { ...fine, stdout: '1.1-1\n' } : undefined));
    expect(await newest.packages.updates()).toEqual([]);
  });

  test('are fetched through the proxy of our environment, of which arguments hold nothing', async () => {
    process.env['http_proxy'] = 'http://user:canary-Proxy-77@proxy.example.net:3128';
    try {
      const { packages, commands } = programs(() => undefined);
      await packages.unobtainable(['httpd']);
      await packages.install(['httpd']);
      expect(JSON.stringify(commands)).not.toContain('canary');
      expect(commands).toHaveLength(2);
      for (const { pass } of commands) expect(pass).toContain('http_proxy');
    } finally {
      delete process.env['http_proxy'];
    }
  });
});
