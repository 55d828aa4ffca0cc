import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '../kit/host.ts';
import { userName } from './accounts.ts';
import { runCommand } from './commands.ts';
import { crypto } from './crypto.ts';
import { database } from './database.ts';
import { filesBelow } from './files.ts';
import { network } from './network.ts';
import { packagesOf } from './packages.ts';
import { programOnHost } from './program.ts';
import { sshRun } from './ssh.ts';
import { osRelease, system } from './system.ts';
import { systemdServices } from './systemd.ts';

/** This host itself: its files, its systemd, its package manager. */
export const wholeHost = (): Host => ({
  files: filesBelow('', { owners: process.getuid?.() === 0 }),
  services: systemdServices(runCommand),
  packages: packagesOf(osRelease(), runCommand),
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
  // They are those of the system, which its own tools call.
  postgres: () => Promise.resolve({ directory: '/usr/bin', launcher: [] }),
  program: programOnHost,
  system,
  now: () => new Date(),
  sleep: (ms) => sleep(ms),
});
