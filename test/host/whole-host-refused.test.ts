import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HostKind } from '../support/host-image.ts';
import { bootHost, whyNoHosts } from '../support/test-host.ts';
import { type WholeHost, difference, expectCode, forInstallation } from '../support/whole-host.ts';

const obstacle = await whyNoHosts();

interface Case {
  /** What is the matter, as words of a shell. */
  readonly begin: string;
  /** What ends it. */
  readonly end: string;
  /** What setup says. */
  readonly says: readonly string[];
}

/** A package of the original, as far as dpkg can tell. */
const original = `mkdir -p /var/tmp/o/DEBIAN
printf 'Package: ovirt-engine-setup-base\\nVersion: 4.5.6\\nArchitecture: all\\nMaintainer: x <x@example.test>\\nDescription: x\\n' >/var/tmp/o/DEBIAN/control
dpkg-deb --build /var/tmp/o /var/tmp/o.deb && dpkg -i /var/tmp/o.deb`;

const onEquipped: Readonly<Record<string, Case>> = {
  'another program holds port 443': {
    begin: 'systemd-run --unit=squatter openssl s_server -quiet -nocert -accept 443 && until ss -Hltn | grep -q :443; do sleep 0.1; done',
    end: 'systemctl stop squatter',
    says: ['Port 443, wanted for', 'openssl'],
  },
  'firewalld is masked, and was chosen': {
    begin: 'systemctl mask --now firewalld',
    end: 'systemctl unmask firewalld && systemctl start firewalld',
    says: ['firewalld is masked', 'systemctl unmask firewalld'],
  },
  'Apache does not understand its configuration': {
    begin: 'echo Nonsense >/etc/apache2/sites-enabled/000-theirs.conf',
    end: 'rm /etc/apache2/sites-enabled/000-theirs.conf',
    says: ['Apache could not start with its present configuration', 'Nonsense'],
  },
  'a site without a name would stand in for the engine': {
    begin: `openssl req -x509 -newkey rsa:2048 -nodes -days 9 -subj /CN=x -keyout /etc/ssl/private/ssl-cert-snakeoil.key -out /etc/ssl/certs/ssl-cert-snakeoil.pem 2>/dev/null
a2enmod -q ssl && a2ensite -q default-ssl && systemctl restart apache2`,
    end: 'a2dissite -q default-ssl && a2dismod -q ssl && systemctl restart apache2',
    says: ['default-ssl.conf has no ServerName', 'a2dissite default-ssl'],
  },
  'there is 1 GB of memory': {
    begin: "sed 's/^MemTotal:.*/MemTotal: 1048576 kB/' /proc/meminfo >/run/meminfo && mount --bind /run/meminfo /proc/meminfo",
    end: 'umount /proc/meminfo',
    says: ['Not enough memory', '--allow low-memory'],
  },
  'the original product is installed': {
    begin: original,
    end: 'dpkg -P ovirt-engine-setup-base',
    says: ['The original product is installed', 'ovirt-engine-setup-base 4.5.6'],
  },
  'the distribution is another one': {
    begin: 'sed --in-place=.real s/^VERSION_ID=.*/VERSION_ID=13/ /usr/lib/os-release',
    end: 'mv /usr/lib/os-release.real /usr/lib/os-release',
    says: ['is not supported', 'Debian 12'],
  },
};
const onBare: Readonly<Record<string, Case>> = {
  'packages are missing, and there is no network': {
    begin: 'true',
    end: 'true',
    says: ['These packages are needed and not installed: postgresql-15 apache2', 'apt-get update'],
  },
};

const units = 'systemctl list-units --all --plain --no-legend --type=service --state=active,failed | cut -d" " -f1';

describe.skipIf(obstacle !== null).each<[HostKind, typeof onBare]>([
  ['equipped', onEquipped],
  ['bare', onBare],
])(`setup refuses a host (%s)${obstacle === null ? '' : ` (${obstacle})`}`, (kind, cases) => {
  let host: WholeHost;
  beforeAll(async () => {
    host = await forInstallation(await bootHost(kind));
  });
  afterAll(() => host.remove());

  test.each(Object.entries(cases))('where %s, and changes nothing', async (_, { begin, end, says }) => {
    await host.shell(begin);
    try {
      const [before, running] = [await host.manifest({ times: true }), await host.shell(units)];
      const ended = await host.setup();
      expectCode(ended, 4);
      for (const words of says) expect(ended.stdout + ended.stderr).toContain(words);
      expect(difference(before, await host.manifest({ times: true }))).toEqual([]);
      expect(await host.shell(units)).toBe(running);
    } finally {
      await host.shell(end);
    }
  });
});
