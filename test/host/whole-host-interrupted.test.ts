import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bootHost, whyNoHosts } from '../support/test-host.ts';
import { type WholeHost, expectCode, expectHealthy, forInstallation, ofClone } from '../support/whole-host.ts';

const obstacle = await whyNoHosts();

/** Moments of one installation, by what setup says then. Each cut comes to the run that has taken up the one before. */
const moments = [
  'Initializing PostgreSQL',
  'Creating CA',
  "Creating/refreshing Engine 'internal' domain database schema",
  'Starting engine service',
  'Restarting httpd',
];

/** The other end of the terminal goes away, as sshd does when a connection is lost: a hangup for all in front, and errors for who writes. */
const hungUpAt = (moment: string): string => `TERM=xterm setsid script --quiet --flush \\
  --command '${ofClone} --config-append=/root/answers.conf --accept-defaults' /run/seen </dev/null >/dev/null 2>&1 &
terminal=$!
timeout 100 sh -c 'until grep -q "${moment}" /run/seen; do sleep 0.05; done' && kill -KILL $terminal
timeout 200 sh -c 'while pgrep -f [s]etup/cli/main.ts; do sleep 0.2; done' >/dev/null`;

describe.skipIf(obstacle !== null)(`an installation that is cut off${obstacle === null ? '' : ` (${obstacle})`}`, () => {
  let host: WholeHost;
  beforeEach(async () => {
    host = await forInstallation(await bootHost('equipped'));
  });
  afterEach(() => host.remove());

  const expectWhole = async (): Promise<void> => {
    expectCode(await host.setup(), 0);
    await expectHealthy(host);
    expect(await host.shell(`${ofClone} plan --config-append=/root/answers.conf`)).toContain('0 to change');
  };

  test('by the power, again and again, ends like any other', async () => {
    for (const moment of moments) {
      await host.startSetup().until(moment);
      await host.cutPower();
      await host.boot();
    }
    await expectWhole();
  });

  test('by kill -9, again and again, ends like any other', async () => {
    for (const moment of moments) {
      const run = host.startSetup();
      await run.until(moment);
      await host.shell('kill -KILL $(cat /run/setup.pid)');
      await run.ended;
    }
    await expectWhole();
  });

  test('from its terminal, after it was confirmed, goes on to its end', async () => {
    await host.shell(hungUpAt('Creating CA'));
    await expectHealthy(host);
    expect(await host.shell('cat /var/log/ovirt-engine/setup/*.log')).toContain('Execution of setup completed successfully');
  });
});
