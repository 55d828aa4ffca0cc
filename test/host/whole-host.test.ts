import { mkdtemp, rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildPackages, missingTools } from '../../scripts/package.ts';
import { hostName } from '../support/host-image.ts';
import { bootHost, whyNoHosts } from '../support/test-host.ts';
import type { Ended } from '../support/trial.ts';
import {
  type WholeHost,
  canaries,
  difference,
  expectCode,
  expectHealthy,
  forInstallation,
  ofHost,
  services,
} from '../support/whole-host.ts';

const missing = missingTools();
const obstacle = missing.length > 0 ? `needs ${missing.join(' and ')}` : await whyNoHosts();
const there = '/var/tmp/engine-setup.deb';
const units = [...services, 'ovirt-engine-notifier', 'ovirt-vmconsole-proxy-sshd'];

/** Looks for canaries in what everybody sees of processes, until /run/stop is there. */
const watch = `while [ ! -e /run/stop ]; do
  cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | grep -aF -f /root/canaries >>/root/seen
  sleep 0.05
done`;

describe.skipIf(obstacle !== null)(`the package on a Debian host without a network${obstacle === null ? '' : ` (${obstacle})`}`, () => {
  let host: WholeHost;
  let folder: string;
  let installed: Ended;
  const mainPids = (): Promise<string> =>
    host.shell(`systemctl show --property=Id,MainPID,NRestarts ${[...services, 'postgresql@15-main', 'apache2', 'firewalld'].join(' ')}`);

  beforeAll(async () => {
    folder = await mkdtemp('/var/tmp/engine-setup-packages-');
    const [deb = ''] = buildPackages({ into: folder, epoch: 1_700_000_000, effort: 'quick', kinds: ['deb'] });
    host = await forInstallation(await bootHost('equipped'));
    await host.copy(deb, there);
    await host.shell(`umask 077; printf '${Object.values(canaries).join('\\n').replaceAll('%', '%%')}\\n' >/root/canaries`);
    const watcher = host.start(['sh', '-c', watch]);
    expectCode(await host.run(['dpkg', '-i', there]), 0);
    installed = await host.setup(ofHost);
    await host.shell('touch /run/stop');
    await watcher.ended;
  });
  afterAll(async () => {
    await host.remove();
    await rm(folder, { recursive: true, force: true });
  });

  test('is installed and set up by an answer file, and everything works', async () => {
    expectCode(installed, 0);
    await expectHealthy(host);
    const [from] = (await host.shell('readlink -f /usr/bin/engine-setup')).split('/bin/');
    for (const name of services) expect(await host.shell(`cat /etc/systemd/system/${name}.service`)).toContain(`ExecStart=${from}/`);
  });

  test('has a database that takes the written password over TCP, and no other', async () => {
    const query = (password: string): string =>
      `. /etc/ovirt-engine/engine.conf.d/10-setup-database.conf; PGPASSWORD=${password} psql --no-psqlrc -Atw -h 127.0.0.1 -p $ENGINE_DB_PORT -U $ENGINE_DB_USER -d $ENGINE_DB_DATABASE -c 'select 6 * 7'`;
    expect(await host.shell(query('"$ENGINE_DB_PASSWORD"'))).toBe('42\n');
    expect(await host.run(['sh', '-c', query('wrong')])).toMatchObject({ code: 2, stdout: '' });
  });

  test('has certificates that OpenSSL trusts, on disk and on the wire', async () => {
    const authority = '-CAfile /etc/pki/ovirt-engine/ca.pem';
    await host.shell(`for one in /etc/pki/ovirt-engine/certs/*.cer; do openssl verify ${authority} $one || exit 1; done`);
    const ask = (name: string): string =>
      `openssl s_client -connect ${hostName}:443 -servername ${hostName} -verify_hostname ${name} ${authority} -verify_return_error -brief </dev/null 2>&1`;
    expect(await host.shell(ask(hostName))).toContain('Verification: OK');
    expect((await host.run(['sh', '-c', ask('other.example.test')])).code).not.toBe(0);
    expect(
      await host.shell('curl --silent --insecure --output /dev/null --write-out %{http_code} https://localhost/ovirt-engine/api'),
    ).toBe('401');
  });

  test('has keys and stores that their services alone read, with the same in both', async () => {
    const rights = "stat --format='%a %U:%G %n'";
    expect((await host.shell(`cd /etc/pki/ovirt-engine && ${rights} .truststore keys/* private/* private`)).trim().split('\n')).toEqual([
      '644 root:root .truststore',
      '600 root:root keys/apache.key.nopass',
      '600 root:root keys/apache.p12',
      '600 ovirt:ovirt keys/engine.key.nopass',
      '600 ovirt:ovirt keys/engine.p12',
      '600 ovirt:ovirt keys/engine_id_rsa',
      '600 ovirt-imageio:ovirt-imageio keys/imageio-client.key.nopass',
      '600 ovirt-imageio:ovirt-imageio keys/imageio-client.p12',
      '600 ovirt-imageio:ovirt-imageio keys/imageio-proxy.key.nopass',
      '600 ovirt-imageio:ovirt-imageio keys/imageio-proxy.p12',
      ...['key.nopass', 'p12'].map((end) => `600 ovirt-provider-ovn:ovirt-provider-ovn keys/ovirt-provider-ovn.${end}`),
      ...['ovn-ndb', 'ovn-sdb'].flatMap((name) => ['key.nopass', 'p12'].map((end) => `600 root:root keys/${name}.${end}`)),
      '600 ovirt-vmconsole:ovirt-vmconsole keys/vmconsole-proxy-helper.key.nopass',
      '600 ovirt-vmconsole:ovirt-vmconsole keys/vmconsole-proxy-helper.p12',
      '600 ovirt-websocket-proxy:ovirt-websocket-proxy keys/websocket-proxy.key.nopass',
      '600 ovirt-websocket-proxy:ovirt-websocket-proxy keys/websocket-proxy.p12',
      '600 root:root private/ca.pem',
      '750 root:root private',
    ]);
    const configuration = '/etc/ovirt-engine/engine.conf.d/10-setup-pki.conf';
    expect(await host.shell(`${rights} ${configuration}`)).toBe(`640 root:ovirt ${configuration}\n`);
    const named = `. ${configuration}; export ENGINE_PKI_ENGINE_STORE_PASSWORD`;
    const open = `${named}; openssl pkcs12 -passin env:ENGINE_PKI_ENGINE_STORE_PASSWORD`;
    expect(await host.shell(`${open} -in "$ENGINE_PKI_ENGINE_STORE" -nocerts -noenc | openssl pkey -pubout`)).toBe(
      await host.shell(`${named}; openssl x509 -in "$ENGINE_PKI_ENGINE_CERT" -noout -pubkey`),
    );
    expect(await host.shell(`${open} -in "$ENGINE_PKI_TRUST_STORE" -nokeys`)).toContain('friendlyName: cacert');
  });

  test.each(units)('has a unit %s that systemd finds nothing to say against', async (unit) => {
    const { code, stdout, stderr } = await host.run(['systemd-analyze', 'verify', `/etc/systemd/system/${unit}.service`]);
    expect({ code, said: stdout + stderr }).toEqual({ code: 0, said: '' });
    const said = await host.shell(`systemd-analyze security --no-pager ${unit}`);
    const [, exposure] = /Overall exposure level for \S+: ([\d.]+)/.exec(said) ?? [];
    expect(Number(exposure)).toBeLessThanOrEqual(3);
  });

  test('shows no password in a log, in the journal, in processes or in a file that others may read', async () => {
    const quietly = (line: string): Promise<string> => host.shell(`${line} || true`);
    // The search itself finds what is there.
    expect(await quietly('grep -rlF -f /root/canaries /etc')).toContain('/etc/ovirt-engine/engine.conf.d/10-setup-database.conf');
    expect(await quietly('grep -rlaF -f /root/canaries /var/log')).toBe('');
    expect(await quietly('journalctl --no-pager --output=export | grep -aF -f /root/canaries')).toBe('');
    expect(await host.shell('cat /root/seen')).toBe('');
    expect(await quietly('find / -xdev -type f -perm /o=r -exec grep -laF -f /root/canaries {} +')).toBe('');
  });

  test('declares accounts and a rotation of logs that their programs understand', async () => {
    expect(await host.shell('systemd-sysusers --cat-config')).toContain('u ovirt -');
    const { code, stderr } = await host.run(['logrotate', '--debug', '/etc/logrotate.conf']);
    expect({ code, errors: stderr.split('\n').filter((line) => line.startsWith('error')) }).toEqual({ code: 0, errors: [] });
    await host.shell('logrotate --force /etc/logrotate.d/ovirt-engine');
    expect(await host.shell('ls /var/log/ovirt-engine')).toContain('engine.log.1');
  });

  test('gives services a place for their logs again where /var/log is empty after a start', async () => {
    const unit = 'ovirt-fence-kdump-listener';
    await host.shell('cd /var/log && mv ovirt-engine ovirt-engine.former');
    try {
      expect((await host.run(['systemctl', 'restart', unit])).code).not.toBe(0);
      await host.shell(
        `systemd-tmpfiles --create /etc/tmpfiles.d/ovirt-engine.conf && systemctl reset-failed ${unit} && systemctl restart ${unit}`,
      );
      expect(await host.shell(`stat --format='%a %U:%G' /var/log/ovirt-engine /var/log/ovirt-engine/notifier`)).toBe(
        '755 root:root\n755 root:root\n',
      );
      expect(await host.shell(`cat /var/log/ovirt-engine/${unit}.log`)).toContain('"ready"');
    } finally {
      await host.shell(`cd /var/log && rm -r ovirt-engine && mv ovirt-engine.former ovirt-engine && systemctl restart ${unit}`);
    }
  });

  test('carries images to a daemon and back, on the port of their proxy and under the name of the web server', async () => {
    const pki = '/etc/pki/ovirt-engine';
    const [daemon, proxy] = ['/run/ovirt-imageio/sock', '/run/ovirt-engine/ovirt-imageio/control.sock'];
    const id = '7d0e4c0a-3f0b-4b39-9d33-6f1c2f3a5b11';
    const size = 20_000_000;
    const settings = [
      `SSL_CERTIFICATE=${pki}/certs/imageio-proxy.cer`,
      `SSL_KEY=${pki}/keys/imageio-proxy.key.nopass`,
      `CLIENT_CA=${pki}/ca.pem`,
    ];
    const program = '/usr/lib/ovirt-engine/current';
    const ticket = (socket: string, url: string): string =>
      `curl --silent --fail --unix-socket ${socket} --request PUT --data '${JSON.stringify({ uuid: id, size, timeout: 600, ops: ['write'], url })}' http://localhost/tickets/${id}`;
    const client = `curl --silent --show-error --fail --cacert ${pki}/ca.pem`;
    await host.shell(`mkdir -p /etc/ovirt-imageio/daemon.conf.d /var/tmp/images && : >/var/tmp/images/disk.img && head -c ${size} /dev/urandom >/var/tmp/images/source
printf '%s\n' ${[...settings, 'CLIENT_CERTIFICATE_REQUIRED=True', 'IMAGE_FOLDERS=/var/tmp/images'].join(' ')} >/etc/ovirt-imageio/daemon.conf.d/10.conf
systemd-run --quiet --unit=imageio-daemon --setenv=IMAGE_IO_CONF=/etc/ovirt-imageio/daemon.conf ${program}/node_modules/.bin/node ${program}/src/services/image-io/main.ts
for try in $(seq 100); do [ -S ${daemon} ] && break; sleep 0.2; done
${ticket(daemon, 'file:///var/tmp/images/disk.img')} && ${ticket(proxy, `https://${hostName}:54322/images/${id}`)}`);
    await host.shell(`${client} --upload-file /var/tmp/images/source https://${hostName}/ovirt-engine/images/${id}
cmp /var/tmp/images/source /var/tmp/images/disk.img
${client} https://${hostName}:54323/images/${id} | cmp - /var/tmp/images/source
${client} --range 1000-1999 https://${hostName}/ovirt-engine/images/${id} >/var/tmp/images/part
tail --bytes=+1001 /var/tmp/images/source | head --bytes=1000 | cmp - /var/tmp/images/part`);
    expect(await host.shell(`${client} --request OPTIONS https://${hostName}:54323/images/${id}`)).toContain('"max_readers":8');
    // Without a certificate nobody comes to the daemon, and without a ticket nobody through the proxy.
    expect((await host.run(['sh', '-c', `${client} https://${hostName}:54322/info/`])).code).not.toBe(0);
    // The engine's account reaches the socket where tickets are put, from where its service is, and others do not.
    const asked = (account: string, groups: string): Promise<string> =>
      host.shell(`nsenter --target $(systemctl show --property=MainPID --value ovirt-engine) --mount -- setpriv --reuid=${account} --regid=${account} --groups=${groups} \\
  curl --silent --output /dev/null --write-out '%{http_code}' --unix-socket ${proxy} http://localhost/tickets/${id.replace('7d', '9d')} || true`);
    const groups = `$(sed -n 's/^Groups:[[:space:]]*//p' /proc/$(systemctl show --property=MainPID --value ovirt-engine)/status | tr -s ' ' '\\n' | paste -sd, | sed 's/,$//')`;
    expect([await asked('ovirt', groups), await asked('ovirt-notifier', 'ovirt-notifier')]).toEqual(['404', '000']);
    const stranger = id.replace('7d', '8d');
    expect((await host.run(['sh', '-c', `${client} https://${hostName}:54323/images/${stranger}`])).stderr).toContain('403');
    expect(await host.shell(`grep -rl ${id} /var/log || true; journalctl --no-pager | grep -c ${id} || true`)).toBe('0\n');
    await host.shell(`systemctl stop imageio-daemon; rm -r /etc/ovirt-imageio /var/tmp/images`);
  });

  test('has consoles in a browser under the name and certificate of the web server', async () => {
    const client = `curl --silent --show-error --cacert /etc/pki/ovirt-engine/ca.pem`;
    const page = await host.shell(`${client} --include https://${hostName}/ovirt-engine/services/novnc-main`);
    expect(page).toContain("connect-src 'self';");
    expect(page).toContain('data-proxy-path="/ovirt-engine/websocket-proxy/"');
    const upgrade = `${client} --http1.1 --output /dev/null --write-out '%{http_code}' -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='`;
    // The proxy's own answer to a ticket that is none.
    expect(await host.shell(`${upgrade} https://${hostName}/ovirt-engine/websocket-proxy/none`)).toBe('403');
  });

  test('changes nothing when setup is run a second time, and a third', async () => {
    const [before, pids] = [await host.manifest({ times: true }), await mainPids()];
    expectCode(await host.setup(ofHost), 0);
    expectCode(await host.setup(ofHost), 0);
    expect(difference(before, await host.manifest({ times: true }))).toEqual([]);
    expect(await mainPids()).toBe(pids);
  });

  test('is updated under running services, which the next run of setup brings to the new version', async () => {
    const versions = async (): Promise<readonly (string | undefined)[]> =>
      (await host.status()).services.filter(({ version }) => version !== undefined).map(({ version }) => version);
    const [[old], pids] = [await versions(), await mainPids()];
    const [deb = ''] = buildPackages({ into: folder, suffix: '+next', epoch: 1_700_000_000, effort: 'quick', kinds: ['deb'] });
    await host.copy(deb, there);
    await host.shell(`dpkg -i ${there}`);
    expect([await versions(), await mainPids()]).toEqual([services.map(() => old), pids]);
    expectCode(await host.setup(ofHost), 0);
    await expectHealthy(host);
    expect(await versions()).toEqual(services.map(() => `${old}+next`));
    expect(await host.shell(`grep -h ^ExecStart= /etc/systemd/system/ovirt-*.service`)).not.toContain(`/${old}/`);
    expect(await host.shell('ls /usr/lib/ovirt-engine')).toBe(`${old}\n${old}+next\ncurrent\npackaged\n`);
  });

  test('stops its services when it is removed, keeps all data, and brings everything back', async () => {
    const database = await host.shell('cat /etc/ovirt-engine/engine.conf.d/10-setup-database.conf');
    const before = await host.manifest({ times: true });
    await host.shell('dpkg -r engine-setup 2>&1');
    const all = [...services, 'ovirt-vmconsole-proxy-sshd'];
    expect(await host.shell(`systemctl is-active ${all.join(' ')} || true`)).toBe('inactive\n'.repeat(all.length));
    expect(await host.shell(`systemctl is-enabled ${all.join(' ')} || true`)).toBe('disabled\n'.repeat(all.length));
    await host.shell('dpkg -P engine-setup');
    const gone = difference(before, await host.manifest({ times: true })).filter((line) => /^\/(?:etc|var)\//.test(line));
    expect(gone.filter((line) => !/^\/(?:var\/lib\/dpkg|etc\/systemd\/system\/multi-user\.target\.wants)\//.test(line))).toEqual([]);
    await host.cutPower();
    await host.boot();
    expect(await host.shell('systemctl --failed --no-legend')).toBe('');
    expect(await host.shell('logrotate --debug /etc/logrotate.conf 2>&1')).not.toMatch(/^error/m);
    await host.shell(`dpkg -i ${there}`);
    expectCode(await host.setup(ofHost), 0);
    await expectHealthy(host);
    expect(await host.shell('cat /etc/ovirt-engine/engine.conf.d/10-setup-database.conf')).toBe(database);
  });
});
