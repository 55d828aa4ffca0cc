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
