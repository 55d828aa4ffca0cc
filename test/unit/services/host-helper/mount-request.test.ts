import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mountName } from '../../../../src/services/frame/mount-name.ts';
import { readMount, readUnmount } from '../../../../src/services/host-helper/mount-request.ts';
import { Refusal } from '../../../../src/services/host-helper/refusal.ts';

const settings = {
  mountFolder: '/mnt',
  fileSystems: ['nfs', 'ext4', 'bind', 'ceph'] as const,
  sharedFolders: ['/srv/shared'],
};
const read = (body: unknown) => readMount(body, settings);

test('a share of NFS', () => {
  expect(read({ fileSystem: 'nfs', source: 'server.example:/data_1/', options: 'soft,timeo=100,vers=4.2' })).toEqual({
    source: 'server.example:/data_1',
    origin: 'network',
    type: 'nfs',
    options: 'soft,timeo=100,vers=4.2,nosuid,nodev,noexec',
    point: '/mnt/server.example:_data__1',
  });
});

test('a folder that the administrator shares, and no other', () => {
  expect(read({ fileSystem: 'bind', source: '/srv/shared' })).toMatchObject({
    type: 'none',
    options: 'bind,nosuid,nodev,noexec',
    point: '/mnt/_srv_shared',
  });
  for (const source of ['/etc', '/srv/shared/below', '/srv/shared/../../etc', '/srv'])
    expect(() => read({ fileSystem: 'bind', source })).toThrow(Refusal);
});

test.each([
  'suid',
  'dev',
  'exec',
  'remount',
  'bind',
  'loop',
  'context=system_u:object_r:etc_t:s0',
  'credentials=/etc/shadow',
  'secretfile=/etc/shadow',
  'x-systemd.requires=evil.service',
  'user',
  'timeo',
  'timeo=',
  'timeo=1 suid',
  'soft=1',
  'timeo=1\nsuid',
  'vers=4,suid',
  'retry=$(id)',
  'SUID',
])('the option %j is not passed on', (options) => {
  expect(() => read({ fileSystem: 'nfs', source: 'server:/data', options })).toThrow(/is not allowed/);
});

test.each([
  'server',
  'server:data',
  '-oremount:/data',
  'server:/a/../b',
  'server:/a b',
  'server:/a\\b',
  'server:/%h',
  'server:/a"',
  '/dev/sda',
  ':/data',
  '',
  'server:/\n',
  `server:/${'x'.repeat(2_000)}`,
  7,
  null,
])('the source %j is refused', (source) => {
  expect(() => read({ fileSystem: 'nfs', source })).toThrow(Refusal);
});

test.each([null, [], 'text', 5, {}, { source: 'a:/b' }, { source: 'a:/b', fileSystem: 'tmpfs' }, { source: 'a:/b', fileSystem: 'xfs' }])(
  'the body %j is refused',
  (body) => {
    expect(() => read(body)).toThrow(Refusal);
  },
);

test('whatever comes, it is a mount right below the folder, guarded, or a refusal', () => {
  const texts = fc.oneof(
    fc.string(),
    fc.string({ unit: fc.constantFrom('a', ':', '/', '.', '_', ',', '=', '-', 'suid', '..', '\0', '\n') }),
  );
  fc.assert(
    fc.property(fc.constantFrom(...settings.fileSystems), texts, texts, (fileSystem, source, options) => {
      try {
        const mount = read({ fileSystem, source: `a:/${source}`, options });
        expect(mount.point).toMatch(/^\/mnt\/[^/]+$/);
        expect(mount.point).not.toMatch(/\/\.{1,2}$/);
        expect(mount.options).toMatch(/nosuid,nodev,noexec$/);
        expect(mount.options.split(',')).not.toContain('suid');
        expect(readUnmount({ source: `a:/${source}` }, settings)).toBe(mount.point);
      } catch (error) {
        expect(error).toBeInstanceOf(Refusal);
      }
    }),
  );
});

test('names of connections are those that VDSM has', () => {
  expect(['server:/data_1', '/a/b', '[fd00::1]:/x__y'].map(mountName)).toEqual(['server:_data__1', '_a_b', '[fd00::1]:_x____y']);
});
