import { posix } from 'node:path';
import { type HostReader, fact, readText } from '#kit';
import { webServer } from './settings.ts';

/** The text at a path; what Debian enables is a link to it. */
export async function textBehind(host: HostReader, path: string): Promise<string | undefined> {
  const entry = await host.files.read(path);
  return readText(host, entry?.kind === 'link' ? posix.resolve(posix.dirname(path), entry.target) : path);
}

/** Every file with ports that Apache reads, but for ours. */
export async function configurationFiles(host: HostReader): Promise<readonly string[]> {
  const { reads, files, enabledAs } = await webServer.probe(host);
  const ours = Object.values(files).map(enabledAs);
  const found = await Promise.all(reads.folders.map(async (folder) => (await host.files.list(folder)).map((name) => `${folder}/${name}`)));
  return [...reads.files, ...found.flat().filter((path) => !ours.includes(path))];
}

/** Ports that Apache listens on by what others have configured, and by what its packages bring that are not installed yet. */
export const listening = fact('apache-listening', async (host): Promise<readonly number[]> => {
  const { listens } = await webServer.probe(host);
  const shipped = await Promise.all(
    Object.entries(listens).map(async ([path, ports]) => ((await readText(host, path)) === undefined ? ports : [])),
  );
  const texts = await Promise.all((await configurationFiles(host)).map((path) => textBehind(host, path)));
  const said = texts.flatMap((text = '') => [...text.matchAll(/^\s*Listen\s+(?:\S*:)?(\d+)\b/gim)].map(([, number]) => Number(number)));
  return [...shipped.flat(), ...said];
});

/** Whether an earlier run sends visitors of the root page to the engine. */
export const presentRootRedirect = fact('apache-root-redirect', async (host) => {
  const { files } = await webServer.probe(host);
  return (await host.files.read(files.rootRedirect)) !== undefined;
});

/** The port on which the engine waits for the web server now. */
export const presentBackendPort = fact('present-backend-port', async (host) => {
  const configuration = (await readText(host, '/etc/ovirt-engine/engine.conf.d/10-setup-protocols.conf')) ?? '';
  return /^ENGINE_HTTP_PORT="(\d+)"$/m.exec(configuration)?.[1];
});
