import { describe, expect, test } from 'vitest';
import { file, textOf } from '#kit';
import { begunMark, hostCluster } from '../../../../plugins/database/host-cluster.ts';
import { memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { clusterFolder, clusterOf, hostWithCluster } from '../../../support/debian-cluster.ts';
import { goodPassword } from '../../../support/dialogue.ts';
import { conf, diskOf, install } from '../../../support/installation.ts';

const files = [conf({ 'OVESETUP_CONFIG/adminPassword': `str:${goodPassword}` })];
const data = '/var/lib/postgresql/15/main';

/** A host on which the tool was cut off: some of the data, and what there is of the configuration. */
async function halfMade(marked: boolean, ...configuration: readonly string[]) {
  const machine = newMachine();
  const { files: disk } = memoryHost(machine);
  await disk.write(`${data}/PG_VERSION`, file('15\n', 0o600));
  await disk.write(`${data}/base/half`, file('half', 0o600));
  await disk.write(clusterFolder, { kind: 'directory', mode: 0o755 });
  for (const name of configuration) await disk.write(`${clusterFolder}/${name}`, file('port = 5432\n', 0o644));
  if (marked) await disk.write(begunMark, file(`${data}\n`, 0o600));
  return machine;
}

describe('a cluster that is only half made', () => {
  test.each([
    ['without a configuration', []],
    ['with a part of its configuration', ['postgresql.conf']],
  ])('is made anew, on its own port, %s', async (_, configuration) => {
    const machine = await halfMade(true, ...configuration);
    expect(await hostCluster.probe(memoryHost(machine))).toMatchObject({ exists: false, port: 5432 });
    const { outcome, screen } = await install({ machine, files });
    expect(outcome.failure, screen).toBeUndefined();
    expect(machine.disk.has(`${data}/base/half`)).toBe(false);
    expect(machine.disk.has(begunMark)).toBe(false);
    expect(clusterOf(machine).databases).toHaveProperty('engine');
  });

  test('is refused and left alone where setup has not made it', async () => {
    const machine = await halfMade(false);
    const before = diskOf(machine);
    const { outcome, screen } = await install({ machine, files });
    expect(outcome.failure).toMatchObject({ code: 'refused' });
    expect(screen).toContain(`${data} holds something`);
    expect(diskOf(machine)).toEqual(before);
  });
});

test('the ports of other clusters are taken, and leftovers without a configuration have none', async () => {
  const machine = await hostWithCluster([], { down: true });
  machine.disk.set('/etc/postgresql/15/other', { kind: 'directory', mode: 0o755 });
  expect(textOf(machine.disk.get(`${clusterFolder}/postgresql.conf`))).toContain('port = 5432');
  const { files: disk } = memoryHost(machine);
  await disk.rename(clusterFolder, '/etc/postgresql/15/theirs');
  expect(await hostCluster.probe(memoryHost(machine))).toMatchObject({ exists: false, port: 5433 });
  await disk.remove('/etc/postgresql/15/theirs/postgresql.conf');
  expect(await hostCluster.probe(memoryHost(machine))).toMatchObject({ port: 5432 });
});
