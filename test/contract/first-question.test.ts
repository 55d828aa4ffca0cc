import { expect, test } from 'vitest';
import { memoryHost, newMachine } from '../../src/setup/host/memory/index.ts';
import { install } from '../support/installation.ts';

test('no name is looked up before the question about the name: a dead resolver must not keep anybody waiting', async () => {
  const machine = newMachine();
  const host = memoryHost(machine);
  const looked: string[] = [];
  const dead = (name: string): Promise<never> => {
    looked.push(name);
    return Promise.reject(new Error('no resolver'));
  };
  const network = { ...host.network, resolve: dead, dns: dead, reverse: dead };
  const { screen } = await install({ machine, files: [], typed: ['', '', '', '', '', ''], more: { host: { ...host, network } } });
  expect(screen).toContain('Configure Engine on this host');
  expect(screen).toContain('Host fully qualified DNS name of this server');
  expect(looked).toEqual([]);
});
