import { mkdtemp, rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildPackages, missingTools } from '../../scripts/package.ts';
import { bootHost, whyNoHosts, whyNoSeparateVar } from '../support/test-host.ts';
import { type Manifest, type WholeHost, difference, expectCode, expectHealthy, forInstallation, ofHost } from '../support/whole-host.ts';

const missing = missingTools();
const obstacle = missing.length > 0 ? `needs ${missing.join(' and ')}` : ((await whyNoHosts()) ?? (await whyNoSeparateVar()));

/** Moments of one installation, from the first change to the last, by what setup says then. */
const moments = [
  'Stage: Transaction setup',
  'Upgrading CA',
  "Creating PostgreSQL 'engine' database",
  "Creating PostgreSQL 'ovirt_engine_history' database",
  'Creating CA',
  'Creating/refreshing DWH database schema',
  'Creating/refreshing Engine database schema',
  'Setting a password for internal user admin',
  'Stage: Transaction commit',
  'Starting engine service',
];

const ballast = '/var/tmp/ballast';
/** Takes what is left of /var, to the last block. Others take and give back some of it meanwhile. */
const fill = `for attempt in 1 2 3 4 5 6 7 8 9; do
fallocate --length $(df --output=avail --block-size=1 /var | tail -1) ${ballast}.$attempt; cat /dev/zero >>${ballast} 2>/dev/null
[ $(df --output=avail /var | tail -1) != 0 ] || exit 0
done
exit 1`;

/** What a manifest of files does not tell. */
const state = `dpkg-query --show && apt-mark showmanual && systemctl list-unit-files --no-legend --plain
systemctl list-units --all --plain --no-legend --type=service --state=active,failed | cut -d' ' -f1
firewall-cmd --list-all-zones && firewall-cmd --permanent --list-all-zones && pg_lsclusters --no-header
runuser -u postgres -- psql --no-psqlrc -Atc "select datname from pg_database union all select rolname from pg_roles order by 1
" -c "select name, setting from pg_settings where name not in ('in_hot_standby') order by 1" -c "select line_number, database, user_name from pg_hba_file_rules"`;

/** A server writes all the time; what it holds is told by itself. */
const ofServer = /^\/var\/lib\/postgresql\//;

// With a cluster of others: what lies there has to go one by one, and their server must not stay down.
describe.skipIf(obstacle !== null)(`an installation on a host whose /var runs full${obstacle === null ? '' : ` (${obstacle})`}`, () => {
  let host: WholeHost;
  let folder: string;
  let before: { readonly files: Manifest; readonly state: string };

  beforeAll(async () => {
    folder = await mkdtemp('/var/tmp/engine-setup-packages-');
    const [deb = ''] = buildPackages({ into: folder, epoch: 1_700_000_000, effort: 'quick', kinds: ['deb'] });
    host = await forInstallation(await bootHost('equipped', { ownVar: '700M' }));
    // As a package: the copy of a clone would take longer than all the rest.
    await host.copy(deb, '/root/engine-setup.deb');
    await host.shell('dpkg -i /root/engine-setup.deb && pg_createcluster --start 15 main >/dev/null');
    before = { files: await host.manifest({ times: false }), state: await host.shell(state) };
  });
  afterAll(async () => {
    await host.remove();
    await rm(folder, { recursive: true, force: true });
  });

  test.each(moments)('at "%s" leaves it as it was', async (moment) => {
    try {
      const run = host.startSetup(ofHost);
      await run.until(moment);
      await host.shell(fill);
      expectCode(await run.ended, 1);
      const changed = difference(before.files, await host.manifest({ times: false }));
      expect(changed.filter((line) => !ofServer.test(line))).toEqual([]);
      expect(await host.shell(state)).toBe(before.state);
    } finally {
      await host.shell(`rm -f ${ballast} ${ballast}.*`);
    }
  });

  test('succeeds once there is room', async () => {
    expectCode(await host.setup(ofHost), 0);
    await expectHealthy(host);
  });
});
