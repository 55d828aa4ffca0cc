import { posix } from 'node:path';
import { type Entry, type Heading, type HostReader, SetupError, type Step, type View, message, nothing, sameEntry } from '#kit';
import { configurationFlaw } from './configtest.ts';
import type { Layout } from './layouts.ts';
import { rootRedirection, webServer, writesSite } from './settings.ts';

type Link = readonly [path: string, entry: Entry];

/** A link as Debian's own tools make it. */
const linkTo = ({ enabledAs }: Layout, available: string): Link => [
  enabledAs(available),
  { kind: 'link', target: `../${posix.basename(posix.dirname(available))}/${posix.basename(available)}` },
];

/** Modules that our files need, each behind those that it needs itself. TLS is left alone where an administrator does it. */
const modulesFor = (view: View): readonly string[] => [
  ...(writesSite(view) ? ['setenvif', 'mime', 'socache_shmcb', 'ssl'] : []),
  ...['alias', 'filter', 'deflate', 'headers', 'proxy', 'proxy_http'],
];

/** The links of a module that is not loaded. Its settings come before it, so that it is never seen to be there without them. */
async function moduleLinks(host: HostReader, layout: Layout, folder: string, name: string): Promise<readonly Link[]> {
  const { enabledAs } = layout;
  const [settings, load] = ['conf', 'load'].map((ending) => `${folder}/${name}.${ending}`) as [string, string];
  if ((await host.files.read(enabledAs(load))) !== undefined) return [];
  const hasSettings = (await host.files.read(settings)) !== undefined && (await host.files.read(enabledAs(settings))) === undefined;
  return [...(hasSettings ? [linkTo(layout, settings)] : []), linkTo(layout, load)];
}

/** Files of ours that Apache shall read. */
const wantedFiles = (view: View): readonly string[] => {
  const { site, proxy, rootRedirect } = view.fact(webServer).files;
  return [...(writesSite(view) ? [site] : []), proxy, ...(view.get(rootRedirection) ? [rootRedirect] : [])];
};

/** Links that are missing: modules first, so that Apache can be started at every moment. */
async function missing(view: View, host: HostReader): Promise<readonly Link[]> {
  const layout = view.fact(webServer);
  const { modules: folder, enabledAs } = layout;
  const modules = folder === undefined ? [] : await Promise.all(modulesFor(view).map((name) => moduleLinks(host, layout, folder, name)));
  const linked = wantedFiles(view).filter((path) => enabledAs(path) !== path);
  const ours = linked.map((path) => linkTo(layout, path));
  const found = await Promise.all(ours.map(([path]) => host.files.read(path)));
  return [...modules.flat(), ...ours.filter(([, entry], index) => !sameEntry(found[index], entry))];
}

/** Files that Apache is going to read as they lie there, and that are still to be written: it cannot be asked about them yet. */
async function unwritten(view: View, host: HostReader): Promise<readonly string[]> {
  const { enabledAs } = view.fact(webServer);
  const unlinked = wantedFiles(view).filter((path) => enabledAs(path) === path);
  const found = await Promise.all(unlinked.map((path) => host.files.read(path)));
  return unlinked.filter((_, index) => found[index] === undefined);
}

/** Lets Apache read our files, with the modules they need, and asks it whether it could start with all that. */
export const enabled = (heading: Heading, view: View): Step => ({
  ...heading,
  undo: 'restore-files',
  async check(host) {
    const touches = (await missing(view, host)).map(([path]) => path);
    if (touches.length > 0) return { kind: 'create', note: touches.join(' '), touches };
    const coming = await unwritten(view, host);
    if (coming.length > 0) return { kind: 'run', note: coming.join(' ') };
    const flaw = await configurationFlaw(host, view.fact(webServer));
    return flaw === undefined ? nothing : { kind: 'run', note: message`Apache refuses its configuration: ${flaw}` };
  },
  async apply(host) {
    const layout = view.fact(webServer);
    for (const [path, entry] of await missing(view, host)) await host.files.write(path, entry);
    let flaw = await configurationFlaw(host, layout);
    const { first } = layout;
    if (first?.makes.some((path) => flaw?.includes(path) === true) === true) {
      await host.services.start(first.unit);
      flaw = await configurationFlaw(host, layout);
    }
    if (flaw !== undefined) throw new SetupError('failed', message`Apache refuses its configuration: ${flaw}`);
  },
});
