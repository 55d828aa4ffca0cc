import { fact } from '#kit';

/** Whether the installation lives below a directory of its own, without touching the rest of the host. */
export const sandbox = fact('sandbox', (host) => Promise.resolve(host.files.real('/') !== '/'));

/** Where a path of the installation really lies: services know nothing of sandboxes, so their configuration names real paths. */
export const realRoot = fact('real-root', (host) => Promise.resolve(host.files.real('/').replace(/\/$/, '')));
