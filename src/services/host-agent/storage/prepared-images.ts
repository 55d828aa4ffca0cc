import type { Domain } from './domains.ts';

/** Images that were made ready for virtual machines on this host: nothing else on it may be given to one as a disk. */
export interface PreparedImages {
  /** @param paths of the volume and those that it stands on */
  add(image: { readonly domain: Domain; readonly image: string }, paths: readonly string[]): void;
  remove(image: { readonly domain: Domain; readonly image: string }): void;
  has(path: string): boolean;
}

/** Makes the list. It does not outlive the agent; virtual machines that run have their disks open. */
export function createPreparedImages(): PreparedImages {
  const images = new Map<string, ReadonlySet<string>>();
  const keyOf = ({ domain, image }: { readonly domain: Domain; readonly image: string }): string => `${domain.id}/${image}`;
  return {
    add(image, paths) {
      images.set(keyOf(image), new Set([...(images.get(keyOf(image)) ?? []), ...paths]));
    },
    remove(image) {
      images.delete(keyOf(image));
    },
    has: (path) => [...images.values()].some((paths) => paths.has(path)),
  };
}
