import { posix } from 'node:path';
import { type Entry, type Heading, type HostReader, SetupError, type Step, type View, message, nothing, sameEntry } from '#kit';
import { configurationFlaw } from './configtest.ts';
import { enabledAs, paths, rootRedirection, writesSite } from './settings.ts';

type Link = readonly [path: string, entry: Entry];

/** A link as Debian's own tools make it. */
const linkTo = (available: string): Link => [
  enabledAs(available),
  { kind: 'link', target: `../${posix.basename(posix.dirname(available))}/${posix.basename(available)}` },
];

/** Modules that our files need, each behind those that it needs itself. TLS is left alone where an administrator does it. */
const modulesFor = (view: View): readonly string[] => [
  ...(writesSite(view) ? ['setenvif', 'mime', 'socache_shmcb', 'ssl'] : []),
  ...['alias', 'filter', 'deflate', 'headers', 'proxy', 'proxy_http'],
];

/** The links of a module that is not loaded. Its settings come before it, so that it is never seen to be there without them. */
async function moduleLinks(host: HostReader, name: string): Promise<readonly Link[]> {
  const [settings, load] = ['conf', 'load'].map((ending) => `${paths.home}/mods-available/${name}.${ending}`) as [string, string];
  if ((await host.files.read(enabledAs(load))) !== undefined) return [];
  const hasSettings = (await host.files.read(settings)) !== undefined && (await host.files.read(enabledAs(settings))) === undefined;
  return [...(hasSettings ? [linkTo(settings)] : []), linkTo(load)];
}

/** Links that are missing: modules first, so that Apache can be started at every moment. */
async function missing(view: View, host: HostReader): Promise<readonly Link[]> {
  const modules = await Promise.all(modulesFor(view).map((name) => moduleLinks(host, name)));
  const ours = [...(writesSite(view) ? [paths.site] : []), paths.proxy, ...(view.get(rootRedirection) ? [paths.rootRedirect] : [])].map(
    linkTo,
  );
  const found = await Promise.all(ours.map(([path]) => host.files.read(path)));
  return [...modules.flat(), ...ours.filter(([, entry], index) => !sameEntry(found[index], entry))];
}

/** Lets Apache read our files, with the modules they need, and asks it whether it could start with all that. */
export const enabled = (heading: Heading, view: View): Step => ({
  ...heading,
  undo: 'restore-files',
  async check(host) {
    const touches = (await missing(view, host)).map(([path]) => path);
    if (touches.length > 0) return { kind: 'create', note: touches.join(' '), touches };
    const flaw = await configurationFlaw(host);
    return flaw === undefined ? nothing : { kind: 'run', note: message`Apache refuses its configuration: ${flaw}` };
  },
  async apply(host) {
    for (const [path, entry] of await missing(view, host)) await host.files.write(path, entry);
    const flaw = await configurationFlaw(host);
    if (flaw !== undefined) throw new SetupError('failed', message`Apache refuses its configuration: ${flaw}`);
  },
});
