import { describe, expect, it } from 'vitest';
import { readProxyAddress } from '../../../../../src/services/engine/consoles/proxy-address.ts';

const engine = { name: 'localhost', names: ['engine.example.com', '192.0.2.1'], behindProxy: false };

describe('where the WebSocket proxy is', () => {
  it.each([
    ['engine.example.com:6100', engine, null, 'wss://engine.example.com:6100/', 'wss://engine.example.com:6100'],
    ['Engine:6100', engine, null, 'wss://localhost:6100/', 'wss://localhost:6100'],
    ['Engine:6100', { ...engine, behindProxy: true }, null, '/ovirt-engine/websocket-proxy/', "'self'"],
    ['ENGINE.example.com:6100', { ...engine, behindProxy: true }, null, '/ovirt-engine/websocket-proxy/', "'self'"],
    ['proxy.example.com:443', { ...engine, behindProxy: true }, null, 'wss://proxy.example.com:443/', 'wss://proxy.example.com:443'],
    ['[2001:db8::1]:6100', engine, null, 'wss://[2001:db8::1]:6100/', 'wss://*:6100'],
    ['Host:6100', engine, '2001:db8::2', 'wss://[2001:db8::2]:6100/', 'wss://*:6100'],
    ['Host:6100', engine, null, '', 'wss://*:6100'],
  ])('%s', (option, how, host, base, source) => {
    expect(readProxyAddress(option, how, host)).toEqual({ base, source });
  });

  it.each(['Off', '', 'proxy', 'a b:1', "x';script-src *:1", 'proxy:123456'])('is nowhere with %j', (option) => {
    expect(readProxyAddress(option, engine, null)).toBeNull();
  });
});
