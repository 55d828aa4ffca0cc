import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { messageOf } from '#kit';

const literally = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');

/** The first `FILE:LINE` in a trace that lies where the plugin does, as it is called there. */
function firstIn(trace: string, path: string): string | undefined {
  const directory = dirname(path);
  const homes = [pathToFileURL(directory).href, directory].map(literally).join('|');
  const [, file, line] = new RegExp(`(?:${homes})/([^:'"()\\n]+):(\\d+)`).exec(trace) ?? [];
  return file === undefined || line === undefined ? undefined : `${file}:${line}`;
}

/** The error of a script that cannot be parsed does not say where; only what Node.js prints when it checks one does. */
const printedFor = (path: string): string => spawnSync(process.execPath, ['--check', path], { encoding: 'utf8', timeout: 10_000 }).stderr;

/**
 * What an error says, with the place in the files of the plugin that it comes from, if that can be told: `boom (index.ts:3)`.
 * @param path the file of the plugin
 */
export function withPlace(error: unknown, path: string): string {
  const said = messageOf(error);
  if (!(error instanceof Error)) return said;
  const place = firstIn(error.stack ?? '', path) ?? (error instanceof SyntaxError ? firstIn(printedFor(path), path) : undefined);
  return place === undefined ? said : `${said} (${place})`;
}
