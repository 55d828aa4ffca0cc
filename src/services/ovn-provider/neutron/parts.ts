import type { Inventory } from '../northbound/inventory.ts';
import type { Northbound } from '../northbound/northbound.ts';
import type { Settings } from '../settings.ts';

/** What every collection works with. */
export interface Parts {
  readonly northbound: Northbound;
  readonly inventory: Inventory;
  readonly defaults: Settings['networks'];
  readonly now: () => number;
}
