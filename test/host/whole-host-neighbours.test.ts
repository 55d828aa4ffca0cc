import { afterEach, describe, expect, test } from 'vitest';
import { hostName } from '../support/host-image.ts';
import { bootHost, whyNoHosts } from '../support/test-host.ts';
import { type WholeHost, expectCode, expectHealthy, forInstallation, ofClone } from '../support/whole-host.ts';

const obstacle = await whyNoHosts();

/** A site of the administrator beside the engine: on the same port, with a name and a certificate of its own. */
const theirSite = `openssl req -x509 -newkey rsa:2048 -nodes -days 9 -subj /CN=theirs.example.test -addext subjectAltName=DNS:theirs.example.test \\
  -keyout /etc/ssl/private/theirs.key -out /etc/ssl/certs/theirs.pem 2>/dev/null
mkdir /srv/theirs && echo theirs >/srv/theirs/index.html
cat >/etc/apache2/sites-available/theirs.conf <<'END'
<VirtualHost *:443>
  ServerName theirs.example.test
  DocumentRoot /srv/theirs
  SSLEngine on
  SSLCertificateFile /etc/ssl/certs/theirs.pem
  SSLCertificateKeyFile /etc/ssl/private/theirs.key
  <Directory /srv/theirs>
    Require all granted
  </Directory>
</VirtualHost>
END
a2enmod -q ssl && a2ensite -q theirs && systemctl restart apache2`;

const askTheirSite =
  'curl --silent --fail --cacert /etc/ssl/certs/theirs.pem --connect-to theirs.example.test:443:127.0.0.1:443 https://theirs.example.test/';

const postgres = (sql: string): string => `runuser -u postgres -- psql --no-psqlrc -Atc "${sql}" `;

describe.skipIf(obstacle !== null)(`an installation on a host with a past${obstacle === null ? '' : ` (${obstacle})`}`, () => {
  let host: WholeHost;
  afterEach(() => host.remove());

  test('leaves databases, roles and sites of others as they are, whatever their names', async () => {
    host = await forInstallation(await bootHost('equipped'));
    await host.shell('pg_createcluster --start 15 main >/dev/null');
    await host.shell(`${postgres("create role engine login password 'theirs'")} && ${postgres('create database engine owner engine')}`);
    await host.shell(`${postgres('create table theirs as select 42 as answer')} -d engine`);
    await host.shell(theirSite);
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
    expect(await host.shell(askTheirSite)).toBe('theirs\n');
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
