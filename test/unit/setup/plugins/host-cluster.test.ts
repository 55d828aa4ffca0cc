import { describe, expect, test } from 'vitest';
import { file } from '#kit';
import {
  type HostCluster,
  accessBlock,
  hostCluster,
  namesInRules,
  occupied,
  peer,
  serverValues,
  valueOf,
} from '../../../../plugins/database/host-cluster.ts';
import { type Machine, afterPowerCut, memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { clusterFolder, hostWithCluster } from '../../../support/debian-cluster.ts';

describe('a value in a file of settings', () => {
  test.each([
    ['port = 5433', '5433'],
    ['port=5433', '5433'],
    ['port 5433', '5433'],
    ['\tport\t=\t5433\t# the second', '5433'],
    ['port = 5433# the second', '5433'],
    ["port = '5433' # the second", '5433'],
    ['PORT = 5433', '5433'],
    ['port = 5433\nmax_connections = 9\nport = 5434\n', '5434'],
    ["port = 5433\n#port = 5434\n# port = '5435'", '5433'],
    ['#port = 5433', undefined],
    ['transport = 5433\nport_range = 1\nsupport.port = 2', undefined],
    ["log_line_prefix = 'port = 5433'", undefined],
    ['', undefined],
  ])('is found as PostgreSQL does: %j', (text, value) => {
    expect(valueOf(text, 'port')).toBe(value);
  });

  test('may hold quotes, spaces and signs of comments in quotes', () => {
    expect(valueOf("data_directory = '/srv/it''s #1 here' # moved", 'data_directory')).toBe("/srv/it's #1 here");
    expect(valueOf("data_directory = ''", 'data_directory')).toBe('');
  });
});

const rules = (...lines: readonly string[]): string =>
  ['local all postgres peer', `# BEGIN ${accessBlock}`, ...lines, `# END ${accessBlock}`, 'host "theirs" "they" 127.0.0.1/32 md5', ''].join(
    '\n',
  );
const rule = (database: string, user: string, address = '127.0.0.1/32   '): string =>
  `host    "${database}"  "${user}"  ${address} scram-sha-256`;

describe('the names in our access rules', () => {
  test('are those of our block alone, each once', () => {
    expect(namesInRules(rules(rule('engine', 'owner'), rule('engine', 'owner', '::1/128        '), rule('history', 'history')))).toEqual([
      { database: 'engine', user: 'owner' },
      { database: 'history', user: 'history' },
    ]);
  });

  test.each([
    ['there are none', 'host "engine" "engine" 127.0.0.1/32 md5\n'],
    ['somebody has damaged its end', rules(rule('engine', 'engine')).replace('# END', '# end')],
    ['it is empty', rules()],
    ['', ''],
  ])('are none where %s', (_, text) => {
    expect(namesInRules(text)).toEqual([]);
  });
});

const probe = async (machine: Machine): Promise<HostCluster | undefined> => hostCluster.probe(memoryHost(machine));
const put = (machine: Machine, path: string, text: string): void => void machine.disk.set(path, file(text, 0o644));

describe('the cluster of a whole host', () => {
  test('is none of a trial', async () => {
    expect(await probe(newMachine({ prefix: '/srv/trial' }))).toBeUndefined();
  });

  test('is where the tools of the distribution will make it', async () => {
    expect(await probe(newMachine())).toMatchObject({
      version: '15',
      name: '15/main',
      unit: 'postgresql@15-main',
      package: 'postgresql-15',
      configuration: '/etc/postgresql/15/main',
      ownFile: '/etc/postgresql/15/main/conf.d/ovirt-engine.conf',
      data: '/var/lib/postgresql/15/main',
      programs: '/usr/lib/postgresql/15/bin',
      port: 5432,
      exists: false,
      ownSettings: undefined,
    });
  });

  test('gets the first port that neither another cluster is configured for nor anybody listens on', async () => {
    const machine = newMachine({ foreignPorts: new Map([[5433, 'something']]) });
    put(machine, '/etc/postgresql/13/main/postgresql.conf', '# the usual port\n');
    put(machine, '/etc/postgresql/13/other/postgresql.conf', 'port = 9999\n');
    put(machine, '/etc/postgresql/13/other/conf.d/10-port.conf', 'port = 5434\n');
    expect((await probe(machine))?.port).toBe(5435);
  });

  test('keeps the port and the place of its data that it has, of several files the last', async () => {
    const machine = await hostWithCluster([], { configuration: "data_directory = '/srv/data'\n" });
    expect(await probe(machine)).toMatchObject({ exists: true, port: 5432, data: '/srv/data' });
    put(machine, `${clusterFolder}/conf.d/10-port.conf`, "port = '6000'\n");
    put(machine, `${clusterFolder}/conf.d/20-port.conf`, 'port 6001\n');
    put(machine, `${clusterFolder}/conf.d/30-port.conf.disabled`, 'port = 6002\n');
    put(machine, `${clusterFolder}/conf.d/ovirt-engine.conf`, 'work_mem = 8MB\n');
    expect(await probe(machine)).toMatchObject({ port: 6001, ownSettings: 'work_mem = 8MB\n' });
  });
});

describe('the folder of our settings', () => {
  const createFile = '/etc/postgresql-common/createcluster.conf';
  test.each([
    ['as Debian has it', "ssl = on\nadd_include_dir = 'conf.d'\n", true],
    ['where somebody has thrown that out', 'create_main_cluster = false\n', false],
    ['where it is another one', "add_include_dir = 'more'\n", false],
    ['where it is only in a comment', "#add_include_dir = 'conf.d'\n", false],
  ])('is read by a new cluster, or has to be told to it, %s', async (_, text, reads) => {
    const machine = newMachine();
    put(machine, createFile, text);
    expect((await probe(machine))?.readsFolder).toBe(reads);
  });

  test('is read by a cluster that is there if its file says so, whatever new ones are like and we have added', async () => {
    const machine = await hostWithCluster();
    put(machine, createFile, '');
    expect((await probe(machine))?.readsFolder).toBe(true);
    put(machine, `${clusterFolder}/postgresql.conf`, `port = 5432\n# BEGIN ${accessBlock}\ninclude_dir = 'conf.d'\n# END ${accessBlock}\n`);
    expect((await probe(machine))?.readsFolder).toBe(false);
    put(machine, `${clusterFolder}/postgresql.conf`, "port = 5432\ninclude_dir 'conf.d'\n");
    expect((await probe(machine))?.readsFolder).toBe(true);
  });
});

describe('the administrator', () => {
  test('comes through the socket of the cluster, without a password', () => {
    expect(peer(5433)).toEqual({ host: '/var/run/postgresql', port: 5433, name: 'postgres', user: 'postgres', password: '' });
    expect(peer(5433, 'engine').name).toBe('engine');
  });
});

describe('names that are taken', () => {
  const suffix = '20260102030405';
  const ask = (machine: Machine) => occupied.probe(memoryHost(machine));

  test('are none where there is no server, or one that cannot be asked', async () => {
    expect(await ask(newMachine())).toEqual({ names: new Set(), begun: [], suffix });
    expect(await ask(newMachine({ prefix: '/srv/trial' }))).toEqual({ names: new Set(), begun: [], suffix });
    expect(await ask(await hostWithCluster(['engine'], { down: true }))).toEqual({ names: new Set(), begun: [], suffix });
  });

  test('are those of databases and roles of others', async () => {
    expect((await ask(await hostWithCluster(['engine', 'shop']))).names).toEqual(new Set(['postgres', 'engine', 'shop']));
  });

  test('are not those that an interrupted run of ours has begun with', async () => {
    const machine = await hostWithCluster(['engine', 'engine_20260101000000']);
    put(machine, `${clusterFolder}/pg_hba.conf`, rules(rule('engine_20260101000000', 'engine_20260101000000')));
    const begun = [{ database: 'engine_20260101000000', user: 'engine_20260101000000' }];
    expect(await ask(machine)).toEqual({ names: new Set(['postgres', 'engine']), begun, suffix });
    // Nor where the server has to be started first.
    expect(await ask(afterPowerCut(machine))).toEqual({ names: new Set(), begun, suffix });
  });
});

describe('the values of the server', () => {
  const ask = async (machine: Machine) => Object.fromEntries(await serverValues.probe(memoryHost(machine)));

  test('are unknown where there is none', async () => {
    expect(await ask(newMachine())).toEqual({});
    expect(await ask(newMachine({ prefix: '/srv/trial' }))).toEqual({});
  });

  test('are its own where it runs, not what its files say', async () => {
    const machine = await hostWithCluster([], { more: { changedSettings: { max_connections: '77' } } });
    put(machine, `${clusterFolder}/conf.d/10-more.conf`, 'max_connections = 300\n');
    expect(await ask(machine)).toMatchObject({ max_connections: '77', work_mem: '4096', server_encoding: 'UTF8' });
  });

  test('are what its files say where it does not run: sizes in kB, the last one of several', async () => {
    const machine = await hostWithCluster([], {
      down: true,
      configuration: "work_mem = 4MB\nmaintenance_work_mem = '1.5 GB'\nautovacuum_max_workers 6\nautovacuum_vacuum_scale_factor = 0.005\n",
    });
    put(machine, `${clusterFolder}/conf.d/10-more.conf`, 'work_mem = 9216 # kB\nautovacuum_analyze_scale_factor = many\n');
    expect(await ask(machine)).toEqual({
      max_connections: '100',
      work_mem: '9216',
      maintenance_work_mem: String(1.5 * 1024 ** 2),
      autovacuum_max_workers: '6',
      autovacuum_vacuum_scale_factor: '0.005',
    });
  });
});
