import { expect, test } from 'vitest';
import { type Assignment, parseConf } from '../../../../src/services/frame/conf-parser.ts';
import { createConfig } from '../../../../src/services/frame/config.ts';
import { tlsProfile } from '../../../../src/services/frame/tls-profile.ts';
import { readSettings } from '../../../../src/services/websocket-proxy/settings.ts';
import { readFileSync } from 'node:fs';

const defaults = readFileSync(new URL('../../../../src/services/websocket-proxy/defaults.conf', import.meta.url), 'utf8');
const read = (text: string) => {
  const values = new Map<string, Assignment>();
  expect([...parseConf(defaults, 'defaults.conf', values), ...parseConf(text, 'a.conf', values)]).toEqual([]);
  return readSettings(createConfig(values, 'a.conf'));
};

test('without any configuration the proxy listens where the original does, with the intermediate profile', () => {
  expect(read('')).toMatchObject({
    listen: { address: null, port: 6100, minVersion: 'TLSv1.2', ciphers: tlsProfile.ciphers },
    signer: '/etc/pki/ovirt-engine/certs/engine.cer',
    target: { verifyName: true, networks: [] },
  });
});

test('networks are words', () => {
  expect(read('TARGET_NETWORKS="10.0.0.0/8, 2001:db8::/32  192.0.2.1"').target.networks).toEqual([
    '10.0.0.0/8',
    '2001:db8::/32',
    '192.0.2.1',
  ]);
});

test.each([
  ['SSL_ONLY=False', 'SSL_ONLY must be True'],
  ['SSL_MIN_VERSION=TLSv1', 'SSL_MIN_VERSION must be TLSv1.2 or TLSv1.3'],
  ['PROXY_PORT=0', 'a.conf:1: PROXY_PORT'],
  ['MAX_CONSOLES=many', 'a.conf:1: MAX_CONSOLES'],
])('%s is refused', (text, why) => {
  expect(() => read(text)).toThrow(why);
});
