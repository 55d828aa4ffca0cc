import type { Types } from './types.ts';

/** What opens displays of virtual machines. */
export const consoleTypes: Types = {
  proxy_ticket: { value: 'text' },
  ticket: { expiry: 'integer', value: 'text' },
};
