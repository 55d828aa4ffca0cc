import { expect, test } from 'vitest';
import { memoryHost, newMachine } from '../../src/setup/host/memory/index.ts';
import { install } from '../support/installation.ts';

test('the first question is asked before any name is looked up: a dead resolver must not keep anybody waiting', async () => {
  const machine = newMachine();
  const host = memoryHost(machine);
  const looked: string[] = [];
  const network = {
    ...host.network,
    resolve: (name: string) => {
      looked.push(name);
      return Promise.reject(new Error('no resolver'));
    },
  };
  const { screen } = await install({ machine, files: [], typed: [], more: { host: { ...host, network } } });
  expect(screen).toContain('Host fully qualified DNS name of this server');
  expect(looked).toEqual([]);
});
