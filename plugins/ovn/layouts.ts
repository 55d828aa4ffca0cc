import { type Family, type System, familyOf } from '#kit';

/* How distributions bring the databases of OVN: as data, so that everything else reads the same for each of them. */

export interface Layout {
  readonly package: string;
  /** What runs both databases, and what translates between them. */
  readonly unit: string;
}

const layouts: Readonly<Record<Family, Layout>> = {
  debian: { package: 'ovn-central', unit: 'ovn-central' },
  'enterprise-linux': { package: 'ovn-central', unit: 'ovn-northd' },
};

/** The layout of a distribution. */
export const layoutOf = (distribution: System['distribution']): Layout => layouts[familyOf(distribution)];

/** Where packages of OVN have what a trial runs by itself; all distributions agree on that. */
export const programs = { tool: '/usr/bin/ovsdb-tool', server: '/usr/sbin/ovsdb-server', translator: '/usr/bin/ovn-northd' } as const;

/** What the databases hold, by their short names (ovsdb(5)). */
export const schemaOf = (name: 'nb' | 'sb'): string => `/usr/share/ovn/ovn-${name}.ovsschema`;
