import { describe, expect, it } from 'vitest';
import { readSettings } from '../../../../src/services/engine/settings.ts';
import { createConfig } from '../../../../src/services/frame/config.ts';

const base = {
  ENGINE_DB_HOST: 'localhost',
  ENGINE_DB_PORT: '5432',
  ENGINE_DB_USER: 'engine',
  ENGINE_DB_PASSWORD: 'pw',
  ENGINE_DB_DATABASE: 'engine',
  ENGINE_FQDN: 'Engine.Example.com',
  ENGINE_PKI_CA: '/ca.pem',
  ENGINE_PKI_ENGINE_CERT: '/engine.cer',
  ENGINE_HTTPS_HSTS: 'false',
  ENGINE_SSO_CLIENT_ID: 'ovirt-engine-core',
  ENGINE_SSO_CLIENT_SECRET: 'secret',
  SSO_TOKEN_TIMEOUT: '360000',
  ENGINE_MAX_USER_SESSIONS: '-1',
};
const https = {
  ENGINE_HTTPS_ENABLED: 'true',
  ENGINE_HTTPS_ADDRESS: '127.0.0.1',
  ENGINE_HTTPS_PORT: '8443',
  ENGINE_HTTPS_PKI_CERT: '/c',
  ENGINE_HTTPS_PKI_KEY: '/k',
  ENGINE_HTTP_PORT: 'None',
};
const read = (keys: Record<string, string>) =>
  readSettings(createConfig(new Map(Object.entries({ ...base, ...keys }).map(([key, value]) => [key, { value, place: 'x:1' }])), 'x'));

describe('settings', () => {
  it('let the engine end TLS itself', () => {
    const { listen } = read(https);
    expect(listen).toEqual({
      address: '127.0.0.1',
      port: 8443,
      tls: { certificate: '/c', key: '/k' },
      behindProxy: false,
      strictTransport: false,
    });
  });

  it('bind browsers to TLS only where that is said', () => {
    expect(read({ ...https, ENGINE_HTTPS_HSTS: 'true' }).listen.strictTransport).toBe(true);
    expect(read(https).listen.strictTransport).toBe(false);
  });

  it('put it behind a web server on loopback, whatever the TLS port says', () => {
    const { listen } = read({
      ENGINE_HTTP_ENABLED: 'true',
      ENGINE_HTTP_PORT: '8700',
      ENGINE_HTTPS_PORT: 'None',
      ENGINE_PROXY_ENABLED: 'true',
    });
    expect(listen).toEqual({ address: '127.0.0.1', port: 8700, tls: null, behindProxy: true, strictTransport: false });
  });

  it('demand exactly one of the two', () => {
    expect(() => read({})).toThrow('exactly one of');
    expect(() => read({ ...https, ENGINE_HTTP_ENABLED: 'true' })).toThrow('exactly one of');
  });

  it('say how many sessions a user may have', () => {
    expect(read(https).mostSessionsOfUser).toBeNull();
    expect(read({ ...https, ENGINE_MAX_USER_SESSIONS: '3' }).mostSessionsOfUser).toBe(3);
    for (const value of ['0', '-2', 'many', '']) {
      expect(() => read({ ...https, ENGINE_MAX_USER_SESSIONS: value })).toThrow('ENGINE_MAX_USER_SESSIONS');
    }
  });

  it('list the names of the engine in lower case, the main one first', () => {
    expect(read({ ...https, SSO_ALTERNATE_ENGINE_FQDNS: ' Other.example.com  10.0.0.1 ' }).hostNames).toEqual([
      'engine.example.com',
      'other.example.com',
      '10.0.0.1',
    ]);
  });
});
