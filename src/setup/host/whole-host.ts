import type { Host } from '../kit/host.ts';
import { runCommand } from './commands.ts';
import { filesBelow } from './files.ts';
import { machine } from './machine.ts';
import { packagesOf } from './packages.ts';
import { programOnHost } from './program.ts';
import { osRelease } from './system.ts';
import { systemdServices } from './systemd.ts';

/** This host itself: its files, its systemd, its package manager. */
export const wholeHost = (): Host => ({
  ...machine,
  files: filesBelow('', { owners: process.getuid?.() === 0 }),
  services: systemdServices(runCommand),
  packages: packagesOf(osRelease(), runCommand),
  // They are those of the system, which its own tools call.
  postgres: () => Promise.resolve({ directory: '/usr/bin', launcher: [] }),
  program: programOnHost,
});
