import type { Types } from './types.ts';

/** Types of disks and of transfers of their content. */
export const diskTypes: Types = {};
