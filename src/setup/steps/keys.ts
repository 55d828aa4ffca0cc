import { type Entry, type Heading, type HostReader, type Step, file, nothing, sameEntry, textOf } from '#kit';
import { isPrivateKey } from '../pki/inspect.ts';

export interface WantedKey {
  readonly path: string;
  readonly bits: number;
  readonly mode: number;
  readonly owner?: string;
  readonly group?: string;
}

const entryOf = ({ mode, owner, group }: WantedKey, pem: string): Entry => file(pem, mode, owner, group);

/** What differs: keys to be made, and keys that others may read, or that their service may not. A key that is there is never replaced. */
async function differing(host: HostReader, wanted: readonly WantedKey[]) {
  const found = await Promise.all(
    wanted.map(async (key) => {
      const entry = await host.files.read(key.path);
      const pem = entry?.kind === 'file' ? textOf(entry) : undefined;
      return isPrivateKey(pem) ? { key, pem, fits: sameEntry(entry, entryOf(key, pem)) } : { key };
    }),
  );
  return {
    missing: found.flatMap((one) => (one.pem === undefined ? [one.key] : [])),
    exposed: found.flatMap((one) => (one.pem === undefined || one.fits ? [] : [{ key: one.key, pem: one.pem }])),
  };
}

/** Private keys, with mode and owner. Missing ones are made side by side, since most of the time of a PKI goes into them. */
export function keys(heading: Heading, wanted: readonly WantedKey[]): Step {
  return {
    ...heading,
    undo: 'restore-files',
    async check(host) {
      const { missing, exposed } = await differing(host, wanted);
      const paths = [...missing, ...exposed.map(({ key }) => key)].map(({ path }) => path);
      if (paths.length === 0) return nothing;
      return { kind: missing.length > 0 ? 'create' : 'update', note: paths.join(' '), touches: paths };
    },
    async apply(host) {
      const { missing, exposed } = await differing(host, wanted);
      const made = await Promise.all(missing.map(async (key) => ({ key, pem: await host.crypto.newPrivateKey(key.bits) })));
      for (const { key, pem } of [...made, ...exposed]) await host.files.write(key.path, entryOf(key, pem));
    },
  };
}
