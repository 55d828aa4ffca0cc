/** Where hosts see the storage of data centers. */
const poolFolder = '/rhev/data-center';
/** The image of an ISO domain below which its files lie. */
const isoImage = '11111111-1111-1111-1111-111111111111';

/** The path of a file of an ISO domain on each host of a data center. */
export const isoPath = (pool: string, { domain, file }: { readonly domain: string; readonly file: string }): string =>
  `${poolFolder}/${pool}/${domain}/images/${isoImage}/${file}`;
