/* Words of the API for what the database has as numbers, or in other words. */

export const volumeFormats = { cow: 4, raw: 5 } as const;
export const volumeTypes = { preallocated: 1, sparse: 2 } as const;
export const contentTypes = { data: 0, iso: 4 } as const;
export const backups = ['none', 'incremental'] as const;

/** Words of the API for interfaces of disks, and what is stored. */
export const diskInterfaces = {
  ide: 'IDE',
  virtio: 'VirtIO',
  virtio_scsi: 'VirtIO_SCSI',
  sata: 'SATA',
  spapr_vscsi: 'SPAPR_VSCSI',
} as const;

/** The word for what is stored; undefined where there is none. */
export const wordOf = (words: Readonly<Record<string, unknown>>, stored: unknown): string | undefined =>
  Object.keys(words).find((word) => words[word] === stored);
