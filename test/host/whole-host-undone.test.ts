import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bootHost, whyNoHosts } from '../support/test-host.ts';
import { type WholeHost, difference, expectCode, expectHealthy, forInstallation } from '../support/whole-host.ts';

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

describe.skipIf(obstacle !== null)(`an installation that fails${obstacle === null ? '' : ` (${obstacle})`}`, () => {
  let host: WholeHost;
  beforeAll(async () => {
    host = await forInstallation(await bootHost('equipped'));
  });
  afterAll(() => host.remove());

  test.each(cases)('since %s leaves the host as it was', async (_, begin, end, says) => {
    await host.shell(begin);
    try {
      const before = await host.manifest({ times: false });
      const ended = await host.setup();
      expectCode(ended, 1);
      expect(ended.stdout).toContain(says);
      expect(difference(before, await host.manifest({ times: false }))).toEqual([]);
    } finally {
      await host.shell(end);
    }
  });

  test('succeeds once nothing is in its way any more', async () => {
    expectCode(await host.setup(), 0);
    await expectHealthy(host);
  });
});
