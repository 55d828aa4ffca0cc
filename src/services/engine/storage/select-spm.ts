import { AgentFailure } from '../agents/agent-failure.ts';
import { askingOf, type Command, CommandFailure, type CommandType, type Stage } from '../commands/command.ts';
import type { StorageCommandParts } from './command-parts.ts';
import { isRefusal } from './pool-work.ts';
import { spmIsOn } from './storage-events.ts';
import { poolStatus } from './storage-kinds.ts';
import { isAtWork, isUp } from './storage-records.ts';
import { takeRole } from './take-role.ts';

const subjectOf = ({ parameters }: Command) => ({
  host: { id: String(parameters['host']), name: String(parameters['name']) },
  pool: String(parameters['pool']),
});

/** Hands the role of the SPM to a host that somebody wants to have it. If that fails, whoever watches over storage chooses one. */
export function selectSpm({ agents, records, turns }: StorageCommandParts): CommandType {
  const handingOver: Stage = {
    title: 'Handing over the role of the storage pool manager',
    async work(occasion) {
      const { command, tell } = occasion;
      const { host, pool: id } = subjectOf(command);
      const asking = askingOf(occasion);
      await turns.take([id], async () => {
        const [pool, wanted] = [await records.pool(id), await records.host(host.id)];
        if (pool === null || !isAtWork(pool)) throw new CommandFailure('The data center has no storage at work.');
        if (wanted === null || !isUp(wanted)) throw new CommandFailure(`Host ${host.name} is no longer up.`);
        const present = pool.spm === null || pool.spm === wanted.id ? null : await records.host(pool.spm);
        if (present !== null && isUp(present)) {
          try {
            await agents.of(present).call('StoragePool.spmStop', { storagepoolID: id }, asking);
          } catch (error) {
            if (!isRefusal(error, 'notConnected'))
              throw new CommandFailure(
                `Host ${present.name} does not give back the role: ${error instanceof AgentFailure ? error.message : 'it does not answer'}.`,
                error,
              );
          }
          await records.setPool(id, { status: poolStatus.contend, spm: wanted.id });
        }
        await takeRole({ agents, records }, pool, wanted, asking);
        await records.setPool(id, { status: poolStatus.up, spm: wanted.id });
        await tell(spmIsOn(wanted, pool));
      });
      return undefined;
    },
  };
  return {
    stages: [handingOver],
    succeeded: (command) => ({
      told: {
        ...{ code: 9879, name: 'USER_FORCE_SELECTED_SPM_DONE', severity: 0, host: subjectOf(command).host.id },
        text: `Host ${subjectOf(command).host.name} has become the storage pool manager.`,
      },
    }),
    failed: (command, why) => ({
      told: {
        ...{ code: 160, name: 'USER_FORCE_SELECTED_SPM_FAILED', severity: 2, host: subjectOf(command).host.id },
        text: `Host ${subjectOf(command).host.name} did not become the storage pool manager: ${why}`,
      },
    }),
  };
}
