import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { createConfig, loadConfig } from '../../../../src/services/frame/config.ts';
import { type Assignment, parseConf } from '../../../../src/services/frame/conf-parser.ts';
import { readSettings } from '../../../../src/services/image-io/settings.ts';

const defaults = fileURLToPath(new URL('../../../../src/services/image-io/defaults.conf', import.meta.url));
const defaultText = readFileSync(defaults, 'utf8');
const given = 'SSL_CERTIFICATE=/c\nSSL_KEY=/k\n';

const read = (more: string) => {
  const values = new Map<string, Assignment>();
  parseConf(`${defaultText}\n${given}${more}`, 'f', values);
  return readSettings(createConfig(values, 'f'));
};

describe('the settings of the image service', () => {
  test('are those of a daemon by default, which wants a certificate to show', async () => {
    expect(read('')).toMatchObject({
      role: { kind: 'daemon', places: { folders: [], qemuNbd: '/usr/bin/qemu-nbd' } },
      listen: { address: null, port: 54_322, clientCa: null, clientMustHaveOne: false },
      localSocket: null,
      controlSocket: '/run/ovirt-imageio/sock',
      most: { read: 8, write: 8 },
      silenceMs: 60_000,
    });
    const config = await loadConfig('/nowhere', defaults);
    expect(() => readSettings(config)).toThrow('SSL_CERTIFICATE must have a value');
  });

  test('of a proxy say who it is towards hosts, and where they are', () => {
    const { role } = read('ROLE=proxy\nHOST_CERTIFICATE=/hc\nHOST_KEY=/hk\nHOST_NETWORKS="10.0.0.0/8, fd00::/8"');
    expect(role).toEqual({
      kind: 'proxy',
      hosts: { certificate: '/hc', key: '/hk', ca: '/etc/pki/ovirt-engine/ca.pem', networks: ['10.0.0.0/8', 'fd00::/8'] },
    });
    expect(() => read('ROLE=proxy')).toThrow('HOST_CERTIFICATE must have a value');
  });

  test.each([
    ['ROLE=both', 'ROLE must be daemon or proxy'],
    ['SSL_MIN_VERSION=TLSv1', 'SSL_MIN_VERSION must be'],
    ['CONTROL_SOCKET=sock', 'CONTROL_SOCKET must be a path'],
    ['IMAGE_FOLDERS="/a b"', 'IMAGE_FOLDERS must be paths'],
    ['CLIENT_CERTIFICATE_REQUIRED=yes', 'needs CLIENT_CA'],
    ['MAX_READERS=0', 'MAX_READERS must be'],
  ])('%s is refused', (line, message) => {
    expect(() => read(line)).toThrow(message);
  });

  test('name folders without slashes behind them, and sockets without a file', () => {
    expect(read('IMAGE_FOLDERS="/a/ /b"\nLOCAL_SOCKET=@/org/ovirt/imageio')).toMatchObject({
      role: { places: { folders: ['/a', '/b'] } },
      localSocket: '\0/org/ovirt/imageio',
    });
  });
});
