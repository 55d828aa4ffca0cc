import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Log, errorFields } from '../../frame/log.ts';
import { isUuid } from '../../frame/uuid.ts';
import type { Exit } from './codes.ts';
import { type Machine, newMachine } from './machine.ts';

/*
 * What is kept of virtual machines while the agent is away: which of them there are, what we have begun that ends them, and how they have
 * ended. It lies where it is gone after a start of the host, as they are. Writing is over when a call returns, so what is begun after it is
 * known after it.
 */

export interface MachineFiles {
  /** Keeps a machine as it is now. What goes wrong is told to the log: the machine goes on. */
  keep(machine: Machine): void;
  /** Nobody wants to hear of it any more. */
  forget(id: string): void;
  /** All that were kept. Those that ran have the domain that they had then. */
  readAll(): readonly Machine[];
}

/** Makes the files: one for each machine, `ID.json`. */
export function machineFiles(folder: string, log: Log): MachineFiles {
  const pathOf = (id: string): string => join(folder, `${id}.json`);
  return {
    keep({ id, name, started, domain, timeOffset, ending, switchOffAt, exit }) {
      try {
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        const fresh = join(folder, `.${id}.new`);
        writeFileSync(fresh, JSON.stringify({ name, started, domain: domain?.id, timeOffset, ending, switchOffAt, exit }), { mode: 0o600 });
        renameSync(fresh, pathOf(id));
      } catch (error) {
        log.error('a virtual machine will not be remembered', { vm: id, folder, ...errorFields(error) });
      }
    },
    forget: (id) => rmSync(pathOf(id), { force: true }),
    readAll() {
      return names(folder).flatMap((name) => {
        const id = /^(.*)\.json$/.exec(name)?.[1];
        if (id === undefined || !isUuid(id)) return [];
        try {
          return [restored(id, JSON.parse(readFileSync(pathOf(id), 'utf8')))];
        } catch (error) {
          log.error('what was kept of a virtual machine cannot be read', { vm: id, folder, ...errorFields(error) });
          return [];
        }
      });
    },
  };
}

function names(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function restored(id: string, value: unknown): Machine {
  const { name, started, domain, timeOffset, ending, switchOffAt, exit } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof name !== 'string' || typeof started !== 'number') throw new SyntaxError('it is not a virtual machine');
  const end = exitOf(exit);
  return {
    ...newMachine(id, name, started),
    status: end === undefined ? 'Unknown' : 'Down',
    domain: typeof domain === 'number' && end === undefined ? { name, uuid: id, id: domain } : undefined,
    timeOffset: typeof timeOffset === 'number' ? timeOffset : 0,
    ending: ending === 'destroy' || ending === 'shutdown' ? ending : undefined,
    switchOffAt: typeof switchOffAt === 'number' ? switchOffAt : undefined,
    exit: end,
    undecided: typeof domain !== 'number' && end === undefined,
  };
}

function exitOf(value: unknown): Exit | undefined {
  const { code, reason, message } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if ((code !== 0 && code !== 1) || typeof reason !== 'number' || typeof message !== 'string') return undefined;
  return { code, reason, message };
}
