import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '../kit/host.ts';
import { userName } from './accounts.ts';
import { runCommand } from './commands.ts';
import { crypto } from './crypto.ts';
import { database } from './database.ts';
import { network } from './network.ts';
import { sshRun } from './ssh.ts';
import { system } from './system.ts';
import { transfer } from './transfer.ts';

/** What a whole host and a sandbox have alike: network, databases, programs and clock are those of the machine. */
export const machine: Omit<Host, 'files' | 'services' | 'packages' | 'postgres' | 'program'> = {
  network,
  database: { ...database, transfer },
  crypto,
  query: runCommand,
  run: runCommand,
  runOverSsh: sshRun,
  async user() {
    const uid = process.getuid?.() ?? -1;
    return { name: await userName(uid), root: uid === 0 };
  },
  system,
  now: () => new Date(),
  sleep: (ms) => sleep(ms),
};
