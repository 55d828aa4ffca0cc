import { type Entry, type Heading, type HostReader, type Step, nothing, readText, sameEntry } from '#kit';
import { type Contents, makeStore, storeHolds } from '../pki/store.ts';

export interface WantedStore {
  readonly path: string;
  /** Path of the certificate. */
  readonly certificate: string;
  /** Path of its key; or else the name under which the certificate is trusted. */
  readonly holds: { readonly key: string } | { readonly trustedAs: string };
  readonly mode: number;
  readonly owner?: string;
  readonly group?: string;
}

/** What is to be in a store, by the files that it follows; undefined where one of them is not there yet. */
async function contentsOf(host: HostReader, { certificate, holds }: WantedStore): Promise<Contents | undefined> {
  const pem = await readText(host, certificate);
  if (pem === undefined) return undefined;
  if ('trustedAs' in holds) return { certificate: pem, ...holds };
  const key = await readText(host, holds.key);
  return key === undefined ? undefined : { certificate: pem, key };
}

const entryOf = ({ mode, owner, group }: WantedStore, content: Uint8Array): Entry => ({
  kind: 'file',
  content,
  mode,
  ...(owner === undefined ? {} : { owner }),
  ...(group === undefined ? {} : { group }),
});

/**
 * PKCS#12 files that follow certificates and keys in PEM, which alone count: whatever else is in a store, or closes it, the store is made
 * anew. One with the same in it stays, whoever has made it.
 */
export function stores(heading: Heading, password: string, wanted: readonly WantedStore[]): Step {
  const flawOf = async (host: HostReader, store: WantedStore): Promise<'create' | 'update' | undefined> => {
    const [found, contents] = [await host.files.read(store.path), await contentsOf(host, store)];
    if (found === undefined) return 'create';
    if (contents === undefined || found.kind !== 'file' || !sameEntry(found, entryOf(store, found.content))) return 'update';
    return (await storeHolds(found.content, contents, password, host.crypto)) ? undefined : 'update';
  };
  const differing = async (host: HostReader) => {
    const all = await Promise.all(wanted.map(async (store) => ({ store, flaw: await flawOf(host, store) })));
    return all.filter(({ flaw }) => flaw !== undefined);
  };
  return {
    ...heading,
    undo: 'restore-files',
    async check(host) {
      const found = await differing(host);
      if (found.length === 0) return nothing;
      const touches = found.map(({ store }) => store.path);
      return { kind: found.some(({ flaw }) => flaw === 'create') ? 'create' : 'update', note: touches.join(' '), touches };
    },
    async apply(host) {
      for (const { store } of await differing(host)) {
        const contents = await contentsOf(host, store);
        if (contents === undefined) throw new Error(`${store.path}: the certificate or its key is not there`);
        await host.files.write(store.path, entryOf(store, await makeStore(contents, password, host.crypto)));
      }
    },
  };
}
