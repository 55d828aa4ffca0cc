import type { Types } from './types.ts';

/** Types of virtual machines, templates and instance types, with what they have. */
export const machineTypes: Types = {};
