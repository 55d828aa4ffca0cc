import { networkInterfaces, hostname } from 'node:os';
import { lookup } from 'node:dns/promises';
import { Problem } from '../tool.ts';
import type { Given } from './arguments.ts';
import { copyHere, folderHere } from './copy-here.ts';
import { copyWithSsh } from './copy-with-ssh.ts';
import type { Wanted } from './copy.ts';
import { findDomain, isoDomains, placeOf, refresh } from './domains.ts';
import { createRest, type Rest } from './rest.ts';
import { type Screen, table } from './screen.ts';
import type { Settings } from './settings.ts';
import { lookAt, type Source } from './source.ts';
import { transfer } from './transfer.ts';

export interface UploaderParts {
  readonly settings: Settings;
  readonly screen: Screen;
  /** Asks for a password without showing it. */
  readonly ask: (prompt: string) => Promise<string>;
}

/** Does what the command line says. Returns whether all of it was done. Throws a Problem for what is wrong from the beginning. */
export async function work({ verb, files }: Given, { settings, screen, ask }: UploaderParts): Promise<boolean> {
  // What cannot be read is told of before anybody is asked anything.
  const sources = await Promise.all(files.map(lookAt));
  if (verb === 'list') {
    const rows = (await isoDomains(await engine())).map(({ name, status }) => [name, status] as const);
    screen.line(table(['ISO Storage Domain Name', 'ISO Domain Status'], rows));
    return true;
  }
  if (settings.server !== null) return upload(sources, { ...settings.server, id: null });
  if (settings.domain === null) throw new Problem('Name the ISO storage domain with --iso-domain. engine-iso-uploader list shows them.', 2);
  const rest = await engine();
  const domain = await findDomain(rest, settings.domain);
  if (domain.type === 'data')
    return each(sources, (source, passed) =>
      transfer({ rest, domain: domain.id, source, passed, force: settings.force, authority: settings.authority }),
    );
  const done = await upload(sources, await placeOf(rest, domain));
  await refresh(rest, domain).catch((error: unknown) => {
    screen.error(
      `The files are there, but the engine has not read its list of them anew: ${error instanceof Error ? error.message : String(error)}`,
    );
  });
  return done;

  async function engine(): Promise<Rest> {
    const { user } = settings;
    const prompt = `Please provide the REST API password for the ${user} oVirt Engine user (CTRL+D to abort): `;
    return createRest({ ...settings, password: settings.password ?? (await ask(prompt)), told: (text) => screen.verbose(text) });
  }

  /** Copies files to where a domain lies. */
  async function upload(all: readonly Source[], place: Wanted['place']): Promise<boolean> {
    const { force, sshUser, sshPort: port, keyFile } = settings;
    const here = sshUser === null && (await isHere(place.host)) && (await folderHere(place)) !== null;
    return each(all, (source, passed) => {
      const wanted: Wanted = { source, place, force, passed };
      return here ? copyHere(wanted) : copyWithSsh(wanted, { user: sshUser ?? 'root', port, keyFile });
    });
  }

  /** Each file by itself: one that cannot be copied keeps no other from being so. */
  async function each(all: readonly Source[], copy: (source: Source, passed: Wanted['passed']) => Promise<void>): Promise<boolean> {
    screen.line('Uploading, please wait...');
    let isDone = true;
    for (const source of all) {
      screen.info(`Start uploading ${source.name}`);
      try {
        await copy(source, (bytes) => screen.progress(bytes, source.size));
        screen.info(`${source.name} uploaded successfully`);
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        screen.error(error.message);
        isDone = false;
      }
    }
    return isDone;
  }
}

/** Whether a name or an address is this host. */
async function isHere(name: string): Promise<boolean> {
  if (name === 'localhost' || name === hostname()) return true;
  const mine = new Set(Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address)));
  const found = await lookup(name, { all: true }).catch(() => []);
  return found.some(({ address }) => mine.has(address) || /^127\./.test(address));
}
