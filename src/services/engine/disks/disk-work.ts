import type { Database } from '../../frame/database.ts';
import type { Log } from '../../frame/log.ts';
import type { Agents } from '../agents/agents.ts';
import type { CommandTypes } from '../commands/command.ts';
import { readNumber } from '../options.ts';
import type { Spm } from '../storage/spm.ts';
import { copyDisks } from './copy-disks.ts';
import { diskCommands } from './disk-commands.ts';
import { proxyTickets } from './image-tickets.ts';
import { removeMachine } from './remove-machine.ts';
import { transferCommand } from './transfer-command.ts';
import { createTransferRecords } from './transfer-records.ts';

export interface DiskWorkParts {
  readonly database: Database;
  readonly agents: Agents;
  readonly spm: Spm;
  /** The number of the turn. */
  readonly generation: string;
  /** Where the image proxy takes tickets; null where there is none. */
  readonly proxySocket: string | null;
  readonly log: Log;
}

/** Commands about disks and transfers of their content. */
export const diskWork = ({ database, agents, spm, generation, proxySocket, log }: DiskWorkParts) =>
  ({
    ...diskCommands({ spm }),
    CopyDisks: copyDisks(spm),
    RemoveMachine: removeMachine(spm),
    TransferImage: transferCommand({
      ...{ spm, agents },
      transfers: createTransferRecords(database, generation),
      proxy: proxyTickets(proxySocket, log),
      async proxyAddress() {
        const [row] = await database.query<{ value: string }>(
          `select option_value as value from vdc_options where option_name = 'ImageProxyAddress' and version = 'general'`,
        );
        return row?.value ?? null;
      },
      daemonPort: () => readNumber(database, 'ImageDaemonPort'),
    }),
  }) satisfies CommandTypes;
