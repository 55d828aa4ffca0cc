import { posix } from 'node:path';
import { type HostReader, fact, readText } from '#kit';
import { enabledAs, paths } from './settings.ts';

const ours: readonly string[] = [paths.proxy, paths.rootRedirect, paths.site].map(enabledAs);

/** The text at a path; what Debian enables is a link to it. */
export async function textBehind(host: HostReader, path: string): Promise<string | undefined> {
  const entry = await host.files.read(path);
  return readText(host, entry?.kind === 'link' ? posix.resolve(posix.dirname(path), entry.target) : path);
}

/** Every file with ports that Debian's Apache reads, but for ours. */
export async function configurationFiles(host: HostReader): Promise<readonly string[]> {
  const folders = ['mods-enabled', 'conf-enabled', 'sites-enabled'].map((name) => `${paths.home}/${name}`);
  const found = await Promise.all(folders.map(async (folder) => (await host.files.list(folder)).map((name) => `${folder}/${name}`)));
  return [`${paths.home}/apache2.conf`, `${paths.home}/ports.conf`, ...found.flat().filter((path) => !ours.includes(path))];
}

/** Ports that Apache listens on by what others have configured. Before it is installed: those that it will listen on then. */
export const listening = fact('apache-listening', async (host): Promise<readonly number[]> => {
  if ((await readText(host, `${paths.home}/ports.conf`)) === undefined) return [80, 443];
  const texts = await Promise.all((await configurationFiles(host)).map((path) => textBehind(host, path)));
  return texts.flatMap((text = '') => [...text.matchAll(/^\s*Listen\s+(?:\S*:)?(\d+)\b/gim)].map(([, number]) => Number(number)));
});

/** Whether an earlier run sends visitors of the root page to the engine. */
export const presentRootRedirect = fact('apache-root-redirect', async (host) => (await host.files.read(paths.rootRedirect)) !== undefined);

/** The port on which the engine waits for the web server now. */
export const presentBackendPort = fact('present-backend-port', async (host) => {
  const configuration = (await readText(host, '/etc/ovirt-engine/engine.conf.d/10-setup-protocols.conf')) ?? '';
  return /^ENGINE_HTTP_PORT="(\d+)"$/m.exec(configuration)?.[1];
});
