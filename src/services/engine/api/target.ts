import { type Fields, parseFields } from '../http/fields.ts';

export const apiPath = '/ovirt-engine/api';

/** What a request address below the API says beside the path. */
export interface ApiTarget {
  /** The address without version, matrix parameters and a slash at the end: what routes are matched with. */
  readonly url: string;
  /** The version named in the path, or null. */
  readonly version: string | null;
  /** Matrix parameters of the last segment (`/vms;max=10`). */
  readonly matrix: Fields;
}

/** Splits an address, or returns null when it does not lie below the API. */
export function parseTarget(url: string): ApiTarget | null {
  const mark = url.indexOf('?');
  const path = mark === -1 ? url : url.slice(0, mark);
  const query = mark === -1 ? '' : url.slice(mark);
  if (!path.startsWith(apiPath) || !/^([/;]|$)/.test(path.slice(apiPath.length))) return null;

  const semicolon = path.indexOf(';', path.lastIndexOf('/'));
  const matrix = semicolon === -1 ? '' : path.slice(semicolon + 1);
  const plain = semicolon === -1 ? path : path.slice(0, semicolon);
  const versioned = /^\/v(\d+)(?=\/|$)/.exec(plain.slice(apiPath.length));
  const rest = plain.slice(apiPath.length + (versioned?.[0].length ?? 0)).replace(/\/$/, '');
  return { url: `${apiPath}${rest}${query}`, version: versioned?.[1] ?? null, matrix: parseFields(matrix.replaceAll(';', '&')) };
}

/** For the web server: the address routes are matched with. */
export const routedUrl = (url: string): string => parseTarget(url)?.url ?? url;
