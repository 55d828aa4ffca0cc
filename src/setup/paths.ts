import { fileURLToPath } from 'node:url';

/** The program's own folder: templates, SQL files and the sources of the services lie below it. */
export const programDirectory = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** Where versions of the program lie on a whole host, and a link `current` to the one in use. */
export const installationDirectory = '/usr/lib/ovirt-engine';
