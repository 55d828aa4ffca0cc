import { afterEach, describe, expect, test } from 'vitest';
import { hostName } from '../support/host-image.ts';
import { bootHost, whyNoHosts } from '../support/test-host.ts';
import { type WholeHost, expectCode, expectHealthy, forInstallation, ofClone } from '../support/whole-host.ts';

const obstacle = await whyNoHosts();

/** A site of the administrator beside the engine: on the same ports, with a name, a certificate and rules of its own. */
const theirSite = (
  file: string,
  address: string,
): string => `openssl req -x509 -newkey rsa:2048 -nodes -days 9 -subj /CN=theirs.example.test -addext subjectAltName=DNS:theirs.example.test \\
  -keyout /etc/ssl/private/theirs.key -out /etc/ssl/certs/theirs.pem 2>/dev/null
mkdir /srv/theirs && echo theirs >/srv/theirs/index.html
cat >/etc/apache2/sites-available/${file}.conf <<'END'
<VirtualHost ${address}:443>
  ServerName theirs.example.test
  DocumentRoot /srv/theirs
  RewriteEngine on
  RewriteRule ^/old/(.*)$ /$1 [R=301,L]
  SSLEngine on
  SSLCertificateFile /etc/ssl/certs/theirs.pem
  SSLCertificateKeyFile /etc/ssl/private/theirs.key
  <Directory /srv/theirs>
    Require all granted
  </Directory>
</VirtualHost>
<VirtualHost ${address}:80>
  ServerName theirs.example.test
  RewriteEngine on
  RewriteRule ^/(.*)$ https://theirs.example.test/$1 [R=301,L]
</VirtualHost>
END
a2enmod -q ssl rewrite && a2ensite -q ${file} && systemctl restart apache2`;

/** The site is asked at the address of the engine. */
const askTheirSite = `curl --silent --fail --location --cacert /etc/ssl/certs/theirs.pem --connect-to theirs.example.test::192.0.2.10:`;
const expectTheirSite = async ({ shell }: WholeHost): Promise<void> => {
  for (const path of ['https://theirs.example.test/', 'https://theirs.example.test/old/index.html', 'http://theirs.example.test/'])
    expect(await shell(`${askTheirSite} ${path}`)).toBe('theirs\n');
};

/** Rules of an administrator that are permanent, and such as only the running firewalld knows: in the default zone, and in one for some sources. */
const theirRules = `firewall-cmd --quiet --permanent --add-port=8081/tcp && firewall-cmd --quiet --permanent --zone=dmz --add-source=198.51.100.0/24
firewall-cmd --quiet --permanent --add-rich-rule='rule family=ipv4 source address=203.0.113.7 reject' && firewall-cmd --quiet --reload
firewall-cmd --quiet --zone=public --add-port=8082/tcp
firewall-cmd --quiet --zone=dmz --add-rich-rule='rule family=ipv4 source address=198.51.100.7 drop'`;
const zones = ['public', 'dmz'];
const ours = {
  ports: ['2222/tcp', '80/tcp', '443/tcp', '6100/tcp', '54323/tcp', '6641/tcp', '6642/tcp', '9696/tcp', '35357/tcp', '7410/udp'],
  services: [
    'ovirt-http',
    'ovirt-https',
    'ovirt-fence-kdump-listener',
    'ovirt-imageio-proxy',
    'ovirt-websocket-proxy',
    'ovirt-vmconsole-proxy',
    'ovirt-provider-ovn',
    'ovn-central-firewall-service',
  ],
};

const postgres = (sql: string): string => `runuser -u postgres -- psql --no-psqlrc -Atc "${sql}" `;

describe.skipIf(obstacle !== null)(`an installation on a host with a past${obstacle === null ? '' : ` (${obstacle})`}`, () => {
  let host: WholeHost;
  afterEach(() => host.remove());

  test('leaves databases, roles and sites of others as they are, whatever their names', async () => {
    host = await forInstallation(await bootHost('equipped'));
    await host.shell('pg_createcluster --start 15 main >/dev/null');
    await host.shell(`${postgres("create role engine login password 'theirs'")} && ${postgres('create database engine owner engine')}`);
    await host.shell(`${postgres('create table theirs as select 42 as answer')} -d engine`);
    await host.shell(theirSite('theirs', '*'));
    const roles = postgres("select rolname, rolpassword from pg_authid where rolname = 'engine'");
    const before = await host.shell(roles);
    expectCode(await host.setup(), 0);
    const configured = await host.shell('cat /etc/ovirt-engine/engine.conf.d/10-setup-database.conf');
    expect(configured).toMatch(/^ENGINE_DB_DATABASE="engine_\d{14}"$/m);
    expect(configured).toMatch(/^ENGINE_DB_USER="engine_\d{14}"$/m);
    await expectHealthy(host);
    expect(await host.shell(roles)).toBe(before);
    expect(await host.shell(`${postgres('select * from theirs')} -d engine`)).toBe('42\n');
    expect(await host.shell(`${postgres("select count(*) from pg_tables where schemaname = 'public'")} -d engine`)).toBe('1\n');
    await expectTheirSite(host);
  });

  test('is reached by its name where a site of others has its address, and leaves the rules of a firewall in force', async () => {
    host = await forInstallation(await bootHost('equipped'));
    /** The rules of others: permanent ones, and those in force. */
    const rules = async (): Promise<readonly string[]> => {
      const all = ['--permanent', ''].flatMap((where) =>
        zones.map((zone) => host.shell(`firewall-cmd ${where} --zone=${zone} --list-all`)),
      );
      const words = (await Promise.all(all)).join('\n').split(/[ \t]+|(?=\n)/);
      return words.filter((word) => !Object.values(ours).flat().includes(word));
    };
    const query = (words: string, values: readonly string[]): Promise<string> =>
      host.shell(zones.flatMap((zone) => values.map((one) => `firewall-cmd --quiet --zone=${zone} ${words}=${one}`)).join(' && '));
    // Apache reads it after ours.
    await host.shell(theirSite('zabbix', '192.0.2.10'));
    await host.shell(theirRules);
    const before = await rules();
    expectCode(await host.setup(), 0);
    await expectHealthy(host);
    await expectTheirSite(host);
    expect(await rules()).toEqual(before);
    await query('--query-port', ours.ports);
    await query('--permanent --query-service', ours.services);
    expect(await host.shell(`${ofClone} plan --config-append=/root/answers.conf`)).toContain('0 to change');
    await host.shell('firewall-cmd --quiet --reload');
    await query('--query-service', ours.services);
    expect(await host.shell(`${ofClone} plan --config-append=/root/answers.conf`)).toContain('0 to change');
  });

  test('starts a cluster that was stopped, under umask 077 and in a locale that is not there', async () => {
    host = await forInstallation(await bootHost('equipped'));
    await host.shell(`pg_createcluster 15 main >/dev/null && [ "$(pg_lsclusters -h | cut -d' ' -f4)" = down ]`);
    const words = `umask 077; LANG=zh_CN.UTF-8 LC_ALL=zh_CN.UTF-8 ${ofClone} --config-append=/root/answers.conf`;
    const ended = await host.run(['sh', '-c', words]);
    expectCode(ended, 0);
    expect(ended.stdout).toContain('Execution of setup completed successfully');
    await expectHealthy(host);
    // Whoever has no rights at all can ask, too.
    const asked = `runuser -u nobody -- curl --silent --fail --cacert /etc/pki/ovirt-engine/ca.pem https://${hostName}/ovirt-engine/services/health`;
    expect(await host.shell(asked)).not.toBe('');
    expect(await host.shell('runuser -u nobody -- engine-setup --version')).toContain('engine-setup');
  });
});
