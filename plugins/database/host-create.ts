import { dirname } from 'node:path';
import { type Host, type HostReader, type Problem, type Step, file, message, nothing, readText } from '#kit';
import { command, succeed } from '#steps';
import { type HostCluster, begunMark } from './host-cluster.ts';

/* Making the cluster of a whole host, where the packages have made none. Debian's tool takes its time and leaves half of it when it is cut off. */

const isMarked = async (host: HostReader): Promise<boolean> => (await readText(host, begunMark)) !== undefined;

/** Takes away what an attempt that was cut off has left. */
async function clear(host: Host, { data, configuration }: HostCluster): Promise<void> {
  for (const path of [data, configuration]) {
    await host.files.remove(path);
    if ((await host.files.list(dirname(path))).length === 0) await host.files.remove(dirname(path));
  }
}

/** Data where the cluster would be made, that setup has not put there and that no configuration belongs to: Debian's tool would adopt them. */
export async function strayData(host: HostReader, { exists, data, configuration }: HostCluster): Promise<readonly Problem[]> {
  if (exists || (await isMarked(host)) || (await host.files.list(data)).length === 0) return [];
  return [
    {
      id: 'database-in-the-way',
      level: 'error',
      message: message`${data} holds something, and there is no configuration in ${configuration} that would say how it is run`,
      remedy: 'Bring that configuration back, or move the directory away.',
    },
  ];
}

/** Makes the cluster where the packages have made none. */
export const create = (wanted: HostCluster): Step =>
  command(
    { id: 'database/initdb', chapter: 'database.server', title: 'Initializing PostgreSQL', needs: ['packages/install'] },
    {
      look: async (host) =>
        (await readText(host, `${wanted.configuration}/postgresql.conf`)) === undefined || (await isMarked(host))
          ? { kind: 'run', note: wanted.configuration }
          : nothing,
      async run(host) {
        if (await isMarked(host)) await clear(host, wanted);
        await host.files.write(begunMark, file(`${wanted.data}\n`, 0o600));
        await succeed(host, wanted.make(wanted.port));
        await host.files.remove(begunMark);
      },
      undo: {
        async run(host) {
          if (await isMarked(host)) await clear(host, wanted);
          // The tool takes away the folders that are empty then, and leaves what it does not know: our file among the settings.
          await host.files.remove(wanted.ownFile);
          if (wanted.drop === undefined) {
            await host.services.stop(wanted.unit);
            await host.files.remove(wanted.data);
          } else if ((await readText(host, `${wanted.configuration}/postgresql.conf`)) !== undefined) await succeed(host, wanted.drop);
          await host.files.remove(wanted.configuration);
          await host.files.remove(begunMark);
        },
      },
    },
  );
