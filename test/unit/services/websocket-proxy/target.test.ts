import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Refusal } from '../../../../src/services/websocket-proxy/refusal.ts';
import { readTarget } from '../../../../src/services/websocket-proxy/target.ts';

const read = (payload: unknown) => readTarget(encodeURIComponent(JSON.stringify(payload)));

describe('the payload of a ticket', () => {
  test.each([
    [
      { host: '10.0.0.5', port: '5900', ssl_target: true },
      { host: '10.0.0.5', port: 5900, tls: true, tlsName: '10.0.0.5' },
    ],
    [
      { host: 'host1.example.net', port: 5900 },
      { host: 'host1.example.net', port: 5900, tls: false, tlsName: 'host1.example.net' },
    ],
    [
      { host: '[2001:db8::1]', port: '1', ssl_target: 'True' },
      { host: '2001:db8::1', port: 1, tls: true, tlsName: '2001:db8::1' },
    ],
    [
      { host: '10.0.0.5', port: '5900', tls_name: 'host1', path: '/x', token: 't' },
      { host: '10.0.0.5', port: 5900, tls: false, tlsName: 'host1' },
    ],
  ])('%j is understood', (payload, target) => {
    expect(read(payload)).toEqual(target);
  });

  test('may have blanks written as plus signs, as forms have them', () => {
    expect(readTarget('%7B%22host%22%3A+%22h%22%2C+%22port%22%3A+%225900%22%7D')).toMatchObject({ host: 'h', port: 5900 });
  });

  test.each([
    { host: '10.0.0.5', port: '' },
    { host: '10.0.0.5', port: '0' },
    { host: '10.0.0.5', port: 0 },
    { host: '10.0.0.5', port: '65536' },
    { host: '10.0.0.5', port: '-1' },
    { host: '10.0.0.5', port: '59 00' },
    { host: '10.0.0.5', port: '0x16' },
    { host: '10.0.0.5', port: 5900.5 },
    { host: '10.0.0.5', port: ['5900'] },
    { host: '10.0.0.5' },
    { host: '', port: '5900' },
    { host: '127.1', port: '5900' },
    { host: '2130706433', port: '5900' },
    { host: 'fe80::1%eth0', port: '5900' },
    { host: '-oProxyCommand=x', port: '5900' },
    { host: '/run/socket', port: '5900' },
    { host: 'a'.repeat(254), port: '5900' },
    { host: ['10.0.0.5'], port: '5900' },
    { port: '5900' },
    null,
    [],
    'host',
  ])('%j is refused', (payload) => {
    expect(() => read(payload)).toThrow(Refusal);
  });

  test('is refused with a reason, whatever it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json().map(encodeURIComponent)), (data) => {
        expect(() => readTarget(data)).toThrow(Refusal);
      }),
    );
  });
});
