import { type Heading, type HostReader, type Step, file, nothing, readText } from '#kit';
import { isPrivateKey } from '../pki/inspect.ts';

export interface WantedKey {
  readonly path: string;
  readonly bits: number;
  readonly mode: number;
  readonly owner?: string;
  readonly group?: string;
}

/** Private keys. Missing ones are made side by side, since most of the time of a PKI goes into them. */
export function keys(heading: Heading, wanted: readonly WantedKey[]): Step {
  const missing = async (host: HostReader): Promise<readonly WantedKey[]> => {
    const found = await Promise.all(wanted.map(async (key) => isPrivateKey(await readText(host, key.path))));
    return wanted.filter((_, index) => found[index] !== true);
  };
  return {
    ...heading,
    undo: 'restore-files',
    async check(host) {
      const paths = (await missing(host)).map(({ path }) => path);
      return paths.length === 0 ? nothing : { kind: 'create', note: paths.join(' '), touches: paths };
    },
    async apply(host) {
      const lacking = await missing(host);
      const made = await Promise.all(lacking.map(async (key) => ({ ...key, pem: await host.crypto.newPrivateKey(key.bits) })));
      for (const { path, pem, mode, owner, group } of made) await host.files.write(path, file(pem, mode, owner, group));
    },
  };
}
