import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HostKind } from '../support/host-image.ts';
import { beginOldServer, endOldServer, oldServer } from '../support/old-server.ts';
import { bootHost, whyNoHosts } from '../support/test-host.ts';
import { type WholeHost, canaries, difference, expectCode, forInstallation, ofClone } from '../support/whole-host.ts';

const obstacle = await whyNoHosts();
/** A server that is too old, as a file for the host; or why there is none. */
const old = obstacle === null ? await oldServer() : { why: obstacle };

interface Case {
  /** What is the matter, as words of a shell. */
  readonly begin: string;
  /** What ends it. */
  readonly end: string;
  /** What setup says. */
  readonly says: readonly string[];
  /** What setup is told besides. */
  readonly answers?: Readonly<Record<string, string>>;
  /** Why it cannot be tried here. */
  readonly obstacle?: string;
}

/** Where a file is put that the host needs. */
const brought = '/var/tmp/brought';

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
  'the database that somebody has made is on a server of PostgreSQL 12': {
    begin: beginOldServer(brought, { port: 5444, password: canaries.engine }),
    end: endOldServer,
    says: ['engine@localhost:5444/engine', 'PostgreSQL 12.22 is too old, needed is at least 13'],
    answers: {
      'OVESETUP_DWH_CORE/enable': 'bool:False',
      'OVESETUP_PROVISIONING/postgresProvisioningEnabled': 'bool:False',
      'OVESETUP_DB/host': 'str:localhost',
      'OVESETUP_DB/port': 'int:5444',
    },
    ...('why' in old ? { obstacle: old.why } : {}),
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
    says: ['These packages are needed and not installed: postgresql-15 apache2 openssh-server ovn-central', 'apt-get update'],
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
    if ('file' in old) await host.copy(old.file, brought);
  });
  afterAll(() => host.remove());

  for (const [name, { begin, end, says, answers = {}, obstacle: why }] of Object.entries(cases))
    test.skipIf(why !== undefined)(`where ${name}, and changes nothing${why === undefined ? '' : ` (${why})`}`, async () => {
      await host.shell(begin);
      const more = Object.entries(answers).map(([key, value]) => `${key}=${value}\n`);
      await host.shell(`cat >/root/more.conf <<'END'\n[environment:default]\n${more.join('')}END`);
      try {
        const [before, running] = [await host.manifest({ times: true }), await host.shell(units)];
        const ended = await host.setup(ofClone, '--config-append=/root/more.conf');
        expectCode(ended, 4);
        for (const words of says) expect(ended.stdout + ended.stderr).toContain(words);
        expect(difference(before, await host.manifest({ times: true }))).toEqual([]);
        expect(await host.shell(units)).toBe(running);
      } finally {
        await host.shell(end);
      }
    });
});
