import { type HostReader, type Step, type View, fact, message, nothing, readText } from '#kit';
import { command, succeed, writeFile } from '#steps';

/** PostgreSQL asks for one segment when it starts, and cannot start without it. */
export const neededSharedMemory = 40 * 1024 * 1024;

const setting = '/proc/sys/kernel/shmmax';
const configuration = '/etc/sysctl.d/ovirt-engine.conf';

const limitOf = async (host: HostReader): Promise<number | undefined> => {
  const limit = await readText(host, setting);
  return limit === undefined ? undefined : Number(limit);
};

/** What the kernel lets one segment of shared memory have at most, in bytes. */
export const kernelSharedMemory = fact('kernel-shared-memory', limitOf);

/** Has the kernel of a whole host give what PostgreSQL needs, now and after each start; nothing where it does anyway. */
export function moreSharedMemory(view: View): readonly Step[] {
  const limit = view.fact(kernelSharedMemory);
  if (limit === undefined || limit >= neededSharedMemory) return [];
  return [
    writeFile(
      { id: 'environment/sysctl', chapter: 'system', title: 'Configuring shared memory', quiet: true },
      { path: configuration, content: `# Written by engine-setup: what PostgreSQL needs.\nkernel.shmmax = ${neededSharedMemory}\n` },
    ),
    {
      ...command(
        { id: 'environment/shared-memory', chapter: 'system', title: 'Raising shared memory', quiet: true, needs: ['environment/sysctl'] },
        {
          look: async (host) =>
            ((await limitOf(host)) ?? Infinity) >= neededSharedMemory ? nothing : { kind: 'run', note: message`kernel.shmmax` },
          run: (host) => succeed(host, { argv: ['sysctl', `--load=${configuration}`] }),
          undo: { run: (host, kept) => succeed(host, { argv: ['sysctl', '--write', `kernel.shmmax=${JSON.stringify(kept)}`] }) },
        },
      ),
      prepare: async (host) => (await limitOf(host)) ?? neededSharedMemory,
    },
  ];
}
