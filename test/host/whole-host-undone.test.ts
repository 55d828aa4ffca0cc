import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bootHost, whyNoHosts } from '../support/test-host.ts';
import { type WholeHost, difference, expectCode, expectHealthy, forInstallation, ovnState } from '../support/whole-host.ts';

const obstacle = await whyNoHosts();

/** A file system with little room, which belongs to whoever has the folder. */
const little = (path: string, size: string): string =>
  `mkdir -p ${path} && owner=$(stat -c %u:%g ${path}) && mount -t tmpfs -o size=${size},mode=755 tmpfs ${path} && chown $owner ${path}`;

const unstartable = '/etc/systemd/system/ovirt-engine-dwhd.service.d';
const programs = '/usr/lib/ovirt-engine';

/** What is the matter, with words of a shell that begin and end it, and what setup says. */
const cases: readonly (readonly [name: string, begin: string, end: string, says: string])[] = [
  ['the disk is full when the cluster is made', little('/var/lib/postgresql', '16m'), 'umount /var/lib/postgresql', 'No space left'],
  ['the disk is full when schemas are made', little('/var/lib/postgresql', '46m'), 'umount /var/lib/postgresql', '53100'],
  ['the disk is full where certificates lie', little('/etc/pki', '12k'), 'umount /etc/pki', 'df /etc/pki'],
  ['the journal cannot be begun', little('/var/lib/ovirt-engine', '16k'), 'umount /var/lib/ovirt-engine', 'df /var/lib/ovirt-engine'],
  ['the journal cannot grow', little('/var/lib/ovirt-engine', '92k'), 'umount /var/lib/ovirt-engine', 'Cannot append'],
  [
    'programs may not be run from their place',
    `mkdir -p ${programs} && mount --bind ${programs} ${programs} && mount -o remount,bind,noexec ${programs}`,
    `umount ${programs}; rmdir ${programs}`,
    'journalctl -u ovirt-engine.service',
  ],
  [
    'the last of its services cannot start',
    `mkdir -p ${unstartable} && printf '[Service]\\nExecStartPre=/bin/false\\n' >${unstartable}/theirs.conf && systemctl daemon-reload`,
    `rm -r ${unstartable} && systemctl daemon-reload`,
    'journalctl -u ovirt-engine-dwhd.service',
  ],
];

/** A source of packages on the disk, whose web server cannot be set up, though what it needs can. */
const brokenSource = `apt-get -qq -y purge apache2 >/dev/null 2>&1; cd /srv
package() {
  mkdir -p $1/DEBIAN $1/usr/share/theirs && echo $1 >$1/usr/share/theirs/$1
  printf 'Package: %s\nVersion: 99\nArchitecture: all\nMaintainer: x <x@example.test>\nDescription: x\n%s' $1 "$2" >$1/DEBIAN/control
  [ -z "$3" ] || { printf '#!/bin/sh\n%s\n' "$3" >$1/DEBIAN/postinst && chmod 755 $1/DEBIAN/postinst; }
  dpkg-deb --build $1 $1.deb >/dev/null
  { cat $1/DEBIAN/control; echo "Filename: ./$1.deb"; echo "Size: $(stat -c %s $1.deb)"; echo "SHA256: $(sha256sum $1.deb | cut -d' ' -f1)"; echo; } >>Packages
}
package theirs-library '' ''
package apache2 'Depends: theirs-library
' 'echo this web server cannot be set up >&2; exit 1'
mkdir -p /root/sources && mv /etc/apt/sources.list* /root/sources
echo 'deb [trusted=yes] file:/srv ./' >/etc/apt/sources.list && apt-get -qq update`;

/** If a file says so, setup is killed once services are among the settings, or told that it failed to open ports when they are open. */
const treacherous = `cd /usr/bin && mv firewall-cmd firewall-cmd.theirs && cat >firewall-cmd <<'END' && chmod 755 firewall-cmd
#!/bin/sh
/usr/bin/firewall-cmd.theirs "$@" || exit
case "$(cat /run/treason 2>/dev/null) $*" in
  kill*--add-service=*) kill -KILL "$(cat /run/setup.pid)" ;;
  fail*--add-port=*) /usr/bin/firewall-cmd.theirs --list-ports >/run/opened; echo treason >&2; exit 1 ;;
esac
END`;

describe.skipIf(obstacle !== null)(`an installation that fails${obstacle === null ? '' : ` (${obstacle})`}`, () => {
  let host: WholeHost;
  beforeAll(async () => {
    host = await forInstallation(await bootHost('equipped'));
  });
  afterAll(() => host.remove());

  test.each(cases)('since %s leaves the host as it was', async (_, begin, end, says) => {
    await host.shell(begin);
    try {
      const [before, ovn] = [await host.manifest({ times: false }), await host.shell(ovnState)];
      const ended = await host.setup();
      expectCode(ended, 1);
      expect(ended.stdout).toContain(says);
      expect(difference(before, await host.manifest({ times: false }))).toEqual([]);
      expect(await host.shell(ovnState)).toBe(ovn);
    } finally {
      await host.shell(end);
    }
  });

  test('succeeds once nothing is in its way any more', async () => {
    expectCode(await host.setup(), 0);
    await expectHealthy(host);
  });

  test('after it was killed while it opened ports leaves in force what only the running firewalld knows', async () => {
    const guarded = await forInstallation(await bootHost('equipped'));
    try {
      await guarded.shell(`${treacherous}\nfirewall-cmd --quiet --add-port=2022/tcp --add-port=7777/tcp`);
      const inForce = () => guarded.shell('firewall-cmd --list-all-zones; systemctl show --property=MainPID firewalld');
      const [before, rules] = [await guarded.manifest({ times: false }), await inForce()];
      await guarded.shell('echo kill >/run/treason');
      expect((await guarded.setup()).code).not.toBe(0);
      expect(await guarded.shell('firewall-cmd --permanent --list-services')).toContain('ovirt-https');
      await guarded.shell('echo fail >/run/treason');
      const ended = await guarded.setup();
      expectCode(ended, 1);
      expect(ended.stdout).toContain('treason');
      expect(await guarded.shell('cat /run/opened')).toMatch(/443.*6100/);
      expect(await inForce()).toBe(rules);
      expect(difference(before, await guarded.manifest({ times: false }))).toEqual([]);
    } finally {
      await guarded.remove();
    }
  });

  test('since apt fails half-way leaves the host and its packages as they were', async () => {
    const broken = await forInstallation(await bootHost('equipped'));
    try {
      await broken.shell(brokenSource);
      const look = async () => [await broken.manifest({ times: false }), await broken.shell('dpkg-query -W')] as const;
      const [before, packages] = await look();
      const ended = await broken.setup();
      expectCode(ended, 1);
      expect(ended.stdout).toContain('installed apache2 package post-installation script subprocess returned error exit status 1');
      expect(ended.stdout).toContain('/var/log/apt/term.log');
      expect(await broken.shell('cat /var/log/apt/term.log')).toContain('this web server cannot be set up');
      const [after, left] = await look();
      expect(left).toBe(packages);
      expect(difference(before, after)).toEqual([]);
    } finally {
      await broken.remove();
    }
  });
});
