import { fileURLToPath } from 'node:url';

/** The program's own folder: templates, SQL files and the sources of the services lie below it. */
export const programDirectory = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
