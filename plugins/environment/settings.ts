import { type View, fact, message, setting, yesNo } from '#kit';

/** Whether the installation lives below a directory of its own, without touching the rest of the host. */
export const sandbox = fact('sandbox', (host) => Promise.resolve(host.files.real('/') !== '/'));

/** Where a path of the installation really lies: services know nothing of sandboxes, so their configuration names real paths. */
export const realRoot = fact('real-root', (host) => Promise.resolve(host.files.real('/').replace(/\/$/, '')));

/** Memory and distribution of the machine. */
export const system = fact('system', (host) => host.system());

/** Whether this is a host of its own, where components of the system are configured too. */
export const isWholeHost = (view: View): boolean => !view.fact(sandbox);

/** Who runs setup. */
export const runner = fact('runner', (host) => host.user());

export const developerMode = setting({
  key: 'OVESETUP_CORE/developerMode',
  section: 'product',
  kind: yesNo,
  about: 'Whether an ordinary account installs below a directory of its own (--root), which needs no rights. Setup sees that itself.',
  remember: false,
  settled: (view) => !view.fact(runner).root,
});

/** What an installation needs, in MiB. A trial runs nothing but the engine and its database. */
const memoryNeeds = (view: View): { readonly minimum: number; readonly recommended: number } =>
  view.fact(sandbox) ? { minimum: 768, recommended: 1024 } : { minimum: 4096, recommended: 16_384 };

/** The kernel keeps some memory for itself: a machine of 4 GiB shows less. */
const tolerance = 0.9;

/** How the memory of this machine compares with what an installation needs. */
export function memoryFinding(view: View): { readonly level: 'doubt' | 'warning'; readonly text: ReturnType<typeof message> } | undefined {
  const { memoryMiB } = view.fact(system);
  const { minimum, recommended } = memoryNeeds(view);
  if (memoryMiB < minimum * tolerance)
    return {
      level: 'doubt',
      text: message`Warning: Not enough memory is available on the host. Minimum requirement is ${minimum}MB, and ${recommended}MB is recommended.`,
    };
  if (memoryMiB < recommended * tolerance)
    return {
      level: 'warning',
      text: message`Warning: Less than ${recommended}MB of memory is available on the host, which is recommended.`,
    };
  return undefined;
}

export const memoryCheck = setting({
  key: 'OVESETUP_SYSTEM/memCheckEnabled',
  section: 'misc',
  kind: yesNo,
  about: 'Whether setup asks before it goes on with less memory than required. No: it only warns.',
  // The question is asked with the other findings about the host; an answer file keeps what was said.
  initial: true,
});
