import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isOwn, isRegistered, withParameters } from '../../../../src/services/engine/sso/redirects.ts';

const names = ['engine.example.net', 'other.example.net', '192.0.2.7', '[2001:db8::7]'];
const registered = ['https://engine.example.net:443/ovirt-engine/oauth2-callback', 'https://app.example.org:8443/back?from=engine'];
const may = (address: string): boolean => isRegistered(address, registered, names);

describe('an address to call back', () => {
  it.each([
    'https://engine.example.net/ovirt-engine/oauth2-callback',
    'https://engine.example.net:443/ovirt-engine/oauth2-callback',
    'HTTPS://Engine.Example.NET/ovirt-engine/oauth2-callback',
    'https://other.example.net/ovirt-engine/oauth2-callback',
    'https://192.0.2.7:443/ovirt-engine/oauth2-callback',
    'https://[2001:db8:0::7]/ovirt-engine/oauth2-callback',
    'https://app.example.org:8443/back?from=engine',
  ])('may be %s', (address) => {
    expect(may(address)).toBe(true);
  });

  it.each([
    '',
    'engine.example.net/ovirt-engine/oauth2-callback',
    'http://engine.example.net/ovirt-engine/oauth2-callback',
    'https://engine.example.net:8443/ovirt-engine/oauth2-callback',
    'https://engine.example.net/ovirt-engine/oauth2-callback/',
    'https://engine.example.net/OVIRT-ENGINE/oauth2-callback',
    'https://engine.example.net/ovirt-engine/oauth2-callback?x=1',
    'https://engine.example.net/ovirt-engine/oauth2-callback#x',
    'https://engine.example.net/ovirt-engine/x/../oauth2-callback',
    'https://engine.example.net/ovirt-engine/%2e/oauth2-callback',
    'https://engine.example.net\\@evil.example/ovirt-engine/oauth2-callback',
    'https://engine.example.net@evil.example/ovirt-engine/oauth2-callback',
    'https://user@engine.example.net/ovirt-engine/oauth2-callback',
    'https://engine.example.net.evil.example/ovirt-engine/oauth2-callback',
    'https://engine.example.net./ovirt-engine/oauth2-callback',
    'https://evil.example/ovirt-engine/oauth2-callback',
    'https:///engine.example.net/ovirt-engine/oauth2-callback',
    'https://engine.example.net/ovirt-engine/oauth2-callback\n',
    ' https://engine.example.net/ovirt-engine/oauth2-callback',
    'https://engine.example.net:44 3/ovirt-engine/oauth2-callback',
    'https://app.example.org:8443/back',
    'https://other.example.net:8443/back?from=engine',
    'javascript:alert(1)//https://engine.example.net/ovirt-engine/oauth2-callback',
  ])('may not be %j', (address) => {
    expect(may(address)).toBe(false);
  });

  it('leads to a registered host whenever it may be followed, as a browser reads it', () => {
    const pieces = fc.constantFrom(
      'https://',
      'engine.example.net',
      ':443',
      '@',
      '/',
      '\\',
      '..',
      '?',
      '#',
      'evil.example',
      '/ovirt-engine/oauth2-callback',
      '%2f',
      '\t',
      '.',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 8 }), (parts) => {
        const address = parts.join('');
        if (may(address)) expect([...names, 'app.example.org']).toContain(new URL(address).hostname);
      }),
      { numRuns: 5_000 },
    );
  });
});

describe('an address of our own', () => {
  it('has one of our names, TLS, and the port of an address that is known to be right', () => {
    const beside = 'https://engine.example.net:8443/back';
    expect(isOwn('https://192.0.2.7:8443/x?y', names, beside)).toBe(true);
    expect(isOwn('https://192.0.2.7/x', names, 'https://engine.example.net:443/back')).toBe(true);
    for (const other of [
      'https://192.0.2.7:9999/',
      'https://192.0.2.7/',
      'http://192.0.2.7:8443/',
      'https://evil.example:8443/',
      '//192.0.2.7:8443/',
      '/x',
      'https://192.0.2.7:8443@evil.example/',
    ]) {
      expect(isOwn(other, names, beside)).toBe(false);
    }
  });
});

describe('parameters', () => {
  it('are added without being able to change the address', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (state) => {
        const url = new URL(withParameters('https://a.example/b?c=1', { code: 'x', state, gone: null }));
        expect(`${url.origin}${url.pathname}${url.hash}`).toBe('https://a.example/b');
        expect([...url.searchParams]).toEqual([
          ['c', '1'],
          ['code', 'x'],
          ['state', state.toWellFormed()],
        ]);
      }),
    );
  });
});
