import type { Types } from './types.ts';

/** Types of storage: connections, domains and the files in them. */
export const storageTypes: Types = {};
