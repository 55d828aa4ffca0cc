import { file, textOf } from '#kit';
import { memoryHost } from '../../../src/setup/host/memory/index.ts';
import { complete, databasePassword, type Story, wizard } from './story.ts';

const remote = { host: 'db1.example.net', port: 5432, name: 'engine', user: 'engine', password: databasePassword };

/** A machine beside a database server that somebody else runs. */
const besideServer = (settings: Readonly<Record<string, string>> = {}) => ({
  names: new Map([
    ['engine.example.net', ['192.0.2.10']],
    ['db1.example.net', ['192.0.2.20']],
  ]),
  remoteDatabases: [remote, { ...remote, name: 'ovirt_engine_history', user: 'ovirt_engine_history' }].map((at) => ({ ...at, settings })),
});

/** Database servers that others run, or that somebody else has databases on. */
export const databases: readonly Story[] = [
  {
    name: 'remote-database',
    machine: besideServer(),
    typed: wizard({
      historyDatabase: ['remote'],
      engineDatabase: [
        'remote',
        // The history is on the same server.
        ...['db1.example.net', '', '', '', '', databasePassword],
        'nowhere.example.net',
        'db1.example.net',
        '70000',
        '',
        '',
        'Engine',
        '',
        '',
        'wrong',
        '',
        '',
        '',
        '',
        '',
        databasePassword,
      ],
      confirmation: ['cancel'],
    }),
  },
  {
    name: 'remote-database-unsuitable',
    machine: besideServer({ max_connections: '100', work_mem: '4096', server_encoding: 'SQL_ASCII' }),
    answers: {
      ...complete,
      'OVESETUP_DWH_CORE/enable': 'bool:False',
      'OVESETUP_PROVISIONING/postgresProvisioningEnabled': 'bool:False',
      'OVESETUP_DB/host': 'str:db1.example.net',
    },
  },
  {
    name: 'remote-database-too-old',
    machine: besideServer({ server_version_num: '120022' }),
    answers: {
      ...complete,
      'OVESETUP_DWH_CORE/enable': 'bool:False',
      'OVESETUP_PROVISIONING/postgresProvisioningEnabled': 'bool:False',
      'OVESETUP_DB/host': 'str:db1.example.net',
    },
  },
  {
    // Somebody else's database has the name of the engine's, and somebody else's rule stands before all.
    name: 'names-taken',
    before: async (machine) => {
      await memoryHost(machine).packages.install(['postgresql-15']);
      const data = '/var/lib/postgresql/15/main/base/cluster.json';
      const cluster = JSON.parse(textOf(machine.disk.get(data))) as { databases: Record<string, object>; roles: Record<string, object> };
      cluster.databases['engine'] = { owner: 'tractor', open: true, schemas: {}, options: {} };
      machine.disk.set(data, file(JSON.stringify(cluster), 0o600));
      const rules = '/etc/postgresql/15/main/pg_hba.conf';
      machine.disk.set(rules, file(`local tractor all trust\n${textOf(machine.disk.get(rules))}host all all samenet trust\n`, 0o640));
      return machine;
    },
    answers: complete,
  },
  {
    name: 'server-too-old',
    before: async (machine) => {
      await memoryHost(machine).packages.install(['postgresql-15']);
      return machine;
    },
    machine: { changedSettings: { server_version_num: '120022' } },
    answers: complete,
  },
];
