import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { hostName } from '../support/host-image.ts';
import { bootHost, whyNoHosts } from '../support/test-host.ts';
import { eventually } from '../support/trial.ts';
import { type WholeHost, expectCode, expectHealthy, forInstallation, ofClone } from '../support/whole-host.ts';

const obstacle = await whyNoHosts();
const setup = `${ofClone} --config-append=/root/answers.conf`;

/** Words of a shell that must all succeed within a while. */
const within = (seconds: number, words: string): string => `timeout ${seconds} sh -c '${words}'`;

/** Every variable that programs take a proxy from. Nothing answers there. */
const deadProxy = ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY']
  .map((name) => `${name}=http://127.0.0.1:9`)
  .join(' ');
const setupWithProxy = `env ${deadProxy} NODE_USE_ENV_PROXY=1 ${setup}`;

const sixth = '2001:db8::10';
/** The host has an address of IPv6 as well, and its hosts file gives the name of the engine these. */
const named = (...addresses: readonly string[]): string =>
  `ip address add ${sixth}/64 dev eth0 nodad && sed -i '/ ${hostName}/d' /etc/hosts && printf '%s ${hostName} engine\\n' ${addresses.join(' ')} >>/etc/hosts`;

/** Starts a program from crontab: at once, as if the host had just been booted. */
const fromCron = (words: string): string =>
  `echo '@reboot root env >/run/environment; ${words} >/run/output 2>&1; echo $? >/run/code' >/etc/cron.d/setup
rm -f /run/crond.reboot && systemctl restart cron && ${within(200, 'until [ -s /run/code ]; do sleep 0.2; done')}`;

const inTmux = (words: string): string =>
  `tmux new-session -d -x 120 -y 40 "${words} --accept-defaults; echo \\$? >/run/code" && ${within(200, 'until [ -s /run/code ]; do sleep 0.2; done')}`;

/** Into a pipe whose reader goes away after the first line. */
const intoPipe = (words: string): string => `(${words} </dev/null; echo $? >/run/code) 2>&1 | head -1; cat /run/code`;

/** Every program that is started from now on, services too, sees a clock that is off; none does where nothing is said. */
const clockIsOff = (by: string): string =>
  `echo ${by} >/etc/faketimerc && echo /usr/lib/$(uname -m)-linux-gnu/faketime/libfaketimeMT.so.1 >/etc/ld.so.preload`;
const clockIsRight = 'rm /etc/ld.so.preload';

describe.skipIf(obstacle !== null)(`an installation succeeds${obstacle === null ? '' : ` (${obstacle})`}`, () => {
  let host: WholeHost;
  beforeEach(async () => {
    host = await forInstallation(await bootHost('equipped'));
  });
  afterEach(() => host.remove());

  /** Everything runs, answers at these addresses by its name, and has heard of no proxy, whatever the environment of setup. */
  async function expectNamed(addresses: readonly string[]): Promise<void> {
    await expectHealthy(host);
    for (const address of addresses)
      await host.shell(`openssl verify -CAfile /etc/pki/ovirt-engine/ca.pem -verify_ip ${address} -verify_hostname ${hostName} /etc/pki/ovirt-engine/certs/apache.cer
curl --silent --fail --cacert /etc/pki/ovirt-engine/ca.pem --resolve '${hostName}:443:[${address}]' https://${hostName}/ovirt-engine/services/health`);
    expect(await host.shell('cat /proc/$(systemctl show --property=MainPID --value ovirt-engine)/environ')).not.toContain('127.0.0.1:9');
  }

  // No host of these tests has a name server: all their names are known to the hosts file alone.
  test('from cron, which gives no terminal and half a search path, where its name has an address of IPv6 alone and new clusters read one file', async () => {
    await host.shell(named(sixth));
    await host.shell(`echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf`);
    await host.shell(fromCron(setupWithProxy));
    expect(await host.shell('cat /run/environment')).toContain('PATH=/usr/bin:/bin\n');
    expect(await host.shell('cat /run/code /run/output')).toMatch(/^0\n[^]*Execution of setup completed successfully/);
    await expectNamed([sixth]);
  });

  test('inside tmux, where its name has addresses of both kinds', async () => {
    const addresses = ['192.0.2.10', sixth];
    await host.shell(named(...addresses));
    await host.shell(inTmux(setupWithProxy));
    expect(await host.shell('cat /run/code')).toBe('0\n');
    await expectNamed(addresses);
  });

  test.each([
    ['behind', '-1h', /The clock of this host is behind/],
    // What comes later cannot be known, only that nobody compares: hosts of these tests have no NTP service.
    ['ahead', '+1h', /Nothing keeps the clock of this host right/],
  ])(
    'into a pipe whose reader goes away, by a clock that is an hour %s, and all is well when that has been put right',
    async (_, by, says) => {
      const now = await host.shell('date +%s');
      await host.shell(clockIsOff(by));
      expect(Math.abs(Number(await host.shell('date +%s')) - Number(now))).toBeGreaterThan(3000);
      expect(await host.shell(intoPipe(setup))).toBe('[ INFO  ] Stage: Initializing\n0\n');
      expect(await host.shell('cat /var/log/ovirt-engine/setup/*.log')).toMatch(says);
      await expectHealthy(host);
      await host.shell(clockIsRight);
      await host.cutPower();
      await host.boot();
      // The engine seems to have been silent for an hour, until it tells that it is alive.
      await eventually('everything runs', async () => (await host.status()).services.every(({ health = 'ready' }) => health === 'ready'));
      expectCode(await host.setup(), 0);
      await expectHealthy(host);
      expect(await host.shell(`${ofClone} plan --config-append=/root/answers.conf`)).toContain('0 to change');
    },
  );
});
