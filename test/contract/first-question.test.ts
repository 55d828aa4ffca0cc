import { expect, test } from 'vitest';
import { SetupError } from '#kit';
import { memoryHost, newMachine } from '../../src/setup/host/memory/index.ts';
import { notingDialog } from '../support/fakes.ts';
import { install } from '../support/installation.ts';

test('no name is looked up before the question about the name: a dead resolver must not keep anybody waiting', async () => {
  const host = memoryHost(newMachine());
  const looked: string[] = [];
  const dead = (name: string): Promise<never> => {
    looked.push(name);
    return Promise.reject(new Error('no resolver'));
  };
  const network = { ...host.network, resolve: dead, dns: dead, reverse: dead };
  const dialog = notingDialog(['', '', '', '', '', '', new SetupError('cancelled', 'Leaving')]);
  await install({ machine: host.machine, files: [], more: { dialog, host: { ...host, network } } });
  const names = dialog.asked.map(({ name }) => name);
  expect([names[0], names.length, names.at(-1)]).toEqual(['OVESETUP_ENGINE_ENABLE', 7, 'OVESETUP_NETWORK_FQDN_this']);
  expect(looked).toEqual([]);
});
