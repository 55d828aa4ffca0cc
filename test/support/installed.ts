import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

/* What a version leaves on a host of its own, as `npm run fixture` has written it down. */

export interface InstalledFile {
  readonly kind: 'file' | 'directory' | 'link';
  readonly mode: string;
  readonly owner: string;
  readonly target?: string;
  /** What is secret in it, or of one installation alone, is `@NAME@`; none of keys, certificates and what is no text of ours. */
  readonly content?: string;
}

export interface Installed {
  readonly version: string;
  readonly schemas: Readonly<Record<'engine' | 'directory' | 'history', string>>;
  readonly units: Readonly<Record<string, { readonly enabled: string; readonly active: string }>>;
  readonly files: Readonly<Record<string, InstalledFile>>;
}

export const installedBy = (version: string): Installed =>
  parse(readFileSync(fileURLToPath(new URL(`../fixtures/installed-${version}.yaml`, import.meta.url)), 'utf8')) as Installed;

/** A value whose name says that it is secret, or belongs to one installation: `ENGINE_DB_PASSWORD="..."`, `DWH_UUID="..."`, `ovirt-sso-client-secret=...`. */
const ownLine = /^([\w-]*(?:PASSWORD|SECRET|UUID)[\w-]*)=("?)([^"\n]*)\2$/gim;

/** The text with the name of each of these values in its place. */
export const withoutOwn = (text: string): string =>
  text.replaceAll(ownLine, (_, name: string, quote: string) => `${name}=${quote}@${name}@${quote}`);

/** These values in a text, by their placeholders. */
export const ownIn = (text: string): ReadonlyMap<string, string> =>
  new Map([...text.matchAll(ownLine)].map(([, name = '', , value = '']) => [`@${name}@`, value]));
