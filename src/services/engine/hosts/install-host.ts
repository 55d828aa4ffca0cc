import { type Command, CommandFailure, type CommandType, type Ending, type Occasion, type Stage, type Told } from '../commands/command.ts';
import type { Database } from '../../frame/database.ts';
import type { HostDeployment, HostToDeploy } from '../host-deploy/host-deployment.ts';
import { statusSql } from './host-commands.ts';
import type { HostRecords } from './host-records.ts';
import type { Secrets } from './secrets.ts';

export interface InstallParts {
  readonly deployment: HostDeployment;
  readonly secrets: Secrets;
  readonly records: HostRecords;
  /** What a host goes through when it is activated, and how that ends. */
  readonly activation: CommandType;
}

/** Events of the three severities that an installation tells of. */
const progress = {
  normal: { code: 509, name: 'VDS_INSTALL_IN_PROGRESS', severity: 0 },
  warning: { code: 510, name: 'VDS_INSTALL_IN_PROGRESS_WARNING', severity: 1 },
  error: { code: 511, name: 'VDS_INSTALL_IN_PROGRESS_ERROR', severity: 2 },
} as const;

const hostOf = ({ parameters }: Command): { readonly id: string; readonly name: string } => ({
  id: String(parameters['host']),
  name: String(parameters['name']),
});

const isInstalled = ({ data }: Command): boolean => data['installed'] === true;
const isActivated = ({ parameters }: Command): boolean => parameters['activate'] !== false;

const told = (command: Command, event: Omit<Told, 'text' | 'host'>, text: string): Told => ({ ...event, text, host: hostOf(command).id });

/** Installs a machine over SSH, and activates it, where that is wanted. */
export function installHost({ deployment, secrets, records, activation }: InstallParts): CommandType {
  const installing: Stage = {
    title: 'Installing the host over SSH',
    async work(occasion) {
      const { command, database, signal } = occasion;
      const machine = await machineOf(database, command, secrets);
      const telling = tellInOrder(occasion);
      const installed = await deployment
        .deploy(machine, telling.told, signal)
        .catch((error: unknown) => {
          if (signal.aborted) throw error;
          throw new CommandFailure(error instanceof Error ? error.message : String(error), error);
        })
        .finally(telling.end);
      // A database that is away is waited for: the stage is done again, which finds the host as it should be.
      await records.installed(machine.id, installed.fingerprint);
      return { installed: true };
    },
  };

  /** It is installed, and becomes what an activation begins with. */
  const handingOver: Stage = {
    title: 'Handing the host over',
    async work({ command }) {
      const { id, name } = hostOf(command);
      const event = told(command, { code: 504, name: 'VDS_INSTALL', severity: 0 }, `Host ${name} was installed.`);
      const to = isActivated(command) ? 'unassigned' : 'maintenance';
      await records.change({ host: id, from: ['installing'], to, reason: 0, command, told: event });
      return undefined;
    },
  };

  const whenActivated = (stage: Stage): Stage => ({
    ...stage,
    work: async (occasion) => (isActivated(occasion.command) ? stage.work(occasion) : undefined),
  });

  return {
    stages: [installing, handingOver, ...activation.stages.map(whenActivated)],
    succeeded(command): Ending {
      if (isActivated(command)) return activation.succeeded(command);
      return { told: told(command, { code: 15, name: 'VDS_MAINTENANCE', severity: 0 }, `Host ${hostOf(command).name} is in maintenance.`) };
    },
    failed(command, why): Ending {
      if (isInstalled(command)) return activation.failed(command, why);
      return {
        told: told(
          command,
          { code: 505, name: 'VDS_INSTALL_FAILED', severity: 2 },
          `Host ${hostOf(command).name} was not installed: ${why}`,
        ),
        change: statusSql(command, ['installing'], 'install_failed'),
      };
    },
  };
}

/** The machine of a command, with the credential that it was begun with. Throws CommandFailure. */
async function machineOf(database: Database, command: Command, secrets: Secrets): Promise<HostToDeploy> {
  const [row] = await database.query<{ address: string; sshPort: number; sshUser: string; fingerprint: string | null }>(
    `select host_name as address, ssh_port as "sshPort", ssh_username as "sshUser", sshkeyfingerprint as fingerprint from vds_static where vds_id = $1`,
    [hostOf(command).id],
  );
  if (row === undefined) throw new CommandFailure(`Host ${hostOf(command).name} has been removed.`);
  const { fingerprint, ...machine } = row;
  const sealed = command.parameters['password'];
  const password = typeof sealed === 'string' ? secrets.open(sealed) : null;
  if (typeof sealed === 'string' && password === null) {
    throw new CommandFailure(
      'The password can no longer be read, since the secret of the engine was changed meanwhile. Install the host again.',
    );
  }
  return {
    ...{ ...machine, id: hostOf(command).id, credential: password === null ? ('engine-key' as const) : { password } },
    ...(fingerprint === null ? {} : { fingerprint }),
  };
}

/** Tells events one after the other, in the order in which they come. */
function tellInOrder({ command, tell }: Occasion) {
  let last: Promise<unknown> = Promise.resolve();
  return {
    told(severity: keyof typeof progress, text: string): void {
      const { name } = hostOf(command);
      last = last
        .then(() => tell(told(command, progress[severity], `Installing host ${name}: ${text}.`.replace(/\.\.$/, '.'))))
        .catch(() => undefined);
    },
    /** Fulfilled when all of them are written. */
    end: () => last,
  };
}
