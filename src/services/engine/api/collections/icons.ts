import type { Collection } from './collection.ts';
import { valuesTable } from './values.ts';

/** Kinds of operating systems that have an icon of their own. */
export type Family = 'other' | 'linux' | 'windows' | 'freebsd';

const sizes = { small: { width: 43, height: 43 }, large: { width: 150, height: 120 } } as const;
export type IconSize = keyof typeof sizes;

/** What is on the screen of the monitor that every icon shows, 100 wide and 70 high. */
const screens: Readonly<Record<Family, { readonly colour: string; readonly picture: string }>> = {
  other: { colour: '#6b7280', picture: '<circle cx="50" cy="35" r="18" fill="none" stroke="#fff" stroke-width="6"/>' },
  linux: {
    colour: '#1f2937',
    picture: '<path d="M22 22l16 13-16 13M48 50h28" fill="none" stroke="#fbbf24" stroke-width="6"/>',
  },
  windows: {
    colour: '#1d4ed8',
    picture: '<path d="M20 16h60v38h-60zM20 28h60" fill="none" stroke="#fff" stroke-width="5"/><circle cx="72" cy="22" r="3" fill="#fff"/>',
  },
  freebsd: { colour: '#991b1b', picture: '<path d="M24 50l26-32 26 32z" fill="none" stroke="#fff" stroke-width="6"/>' },
};
const families = Object.keys(screens) as readonly Family[];

/** A monitor with the screen of a family, as an SVG document. */
function draw(family: Family, { width, height }: { readonly width: number; readonly height: number }): string {
  const { colour, picture } = screens[family];
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 120 110">` +
    `<rect x="2" y="2" width="116" height="82" rx="8" fill="#d1d5db"/><path d="M50 84h20l4 16h-28z" fill="#9ca3af"/>` +
    `<rect x="30" y="100" width="60" height="8" rx="4" fill="#d1d5db"/>` +
    `<g transform="translate(10 8)"><rect width="100" height="70" rx="3" fill="${colour}"/>${picture}</g></svg>`
  );
}

/** The id of an icon that comes with the engine. It never changes: virtual machines refer to it. */
export const iconId = (family: Family, size: IconSize): string =>
  `1c000000-0000-0000-000${size === 'small' ? 1 : 2}-00000000000${families.indexOf(family)}`;

const shipped = families.flatMap((family) =>
  (Object.keys(sizes) as readonly IconSize[]).map((size) => ({
    id: iconId(family, size),
    data_url: `data:image/svg+xml;base64,${Buffer.from(draw(family, sizes[size])).toString('base64')}`,
  })),
);

export const icons: Collection = {
  rel: 'icons',
  type: 'icon',
  about: 'Icons of virtual machines and operating systems.',
  from: `(select id, data_url from vm_icons union all select id::uuid, data_url from ${valuesTable(shipped)}) t`,
  id: 't.id',
  columns: 't.data_url',
  describe: (row) => {
    const [, mediaType, data] = /^data:([^;]+);base64,(.*)$/s.exec(String(row['data_url'])) ?? [];
    return { data, media_type: mediaType };
  },
  order: 't.id',
  sight: 'everybody',
  search: { id: { sql: 't.id::text', as: 'text' } },
};
