import { textOf } from '#kit';
import { type Machine, type SshServer, clusterElsewhere, newMachine } from '../../src/setup/host/memory/index.ts';
import { file } from '../../src/setup/kit/host.ts';
import { hostKey, runOnEngine } from './ssh-server.ts';

/* A host for a data warehouse, and the host of its engine, whose database it reaches. */

export const engineName = 'engine.example.net';
export const warehouseName = 'dwh.example.net';

const store = clusterElsewhere(engineName, 5432);

/** What the database of the engine tells its data warehouse. */
interface EngineDatabase {
  readonly timekeeping?: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
}
export const engineDatabaseOf = ({ disk }: Machine): EngineDatabase =>
  (JSON.parse(textOf(disk.get(store))) as { databases: { engine: EngineDatabase } }).databases.engine;

/** The SSH server of that host: root reads the authority of the engine there, and takes what it is told of the history. */
export const engineServer = (password: string | undefined, commands: { command: string; input: string }[] = []): SshServer => ({
  keys: [hostKey],
  ...(password === undefined ? { authorized: [ownKey] } : { password }),
  run(command, input) {
    commands.push({ command, input });
    return command.startsWith('umask 077 && cat >') || command.startsWith('if [ "$(cat ')
      ? { code: 0, stdout: '', stderr: '' }
      : runOnEngine(command);
  },
});

/** A key of root that the other host takes. */
const ownKey = 'private key of root\n';

/** What the host of the data warehouse is called, and what it sees. */
export const host: Partial<Machine> = {
  hostname: warehouseName,
  names: new Map([
    [warehouseName, ['192.0.2.10']],
    [engineName, ['192.0.2.30']],
    ['localhost', ['127.0.0.1']],
  ]),
  dns: new Map([[warehouseName, ['192.0.2.10']]]),
};

/** Puts the database of the engine where a machine sees it. */
export function withEngine(machine: Machine, password: string): Machine {
  const engine = { owner: 'engine', open: false, schemas: { public: { version: '04050001' } }, options: {} };
  const cluster = { adminPassword: '', roles: { engine: { verifier: '', password } }, databases: { engine } };
  machine.disk.set(store, file(JSON.stringify(cluster), 0o600));
  return machine;
}

/** The host for the data warehouse. */
export const besideEngineHost = (password: string, more: Partial<Machine> = {}): Machine =>
  withEngine(newMachine({ ...host, ...more }), password);

/** The same, where root gets in with a key. */
export function keyHolder(password: string): Machine {
  const machine = besideEngineHost(password, { sshServers: new Map([[`${engineName}:22`, engineServer(undefined)]]) });
  machine.disk.set('/root/.ssh/id_ed25519', file(ownKey, 0o600));
  return machine;
}
