/** Severities of events, by their numbers in the table `audit_log`. */
export const severities = { NORMAL: 0, WARNING: 1, ERROR: 2, ALERT: 10 } as const;
export type SeverityName = keyof typeof severities;

/** The name of a severity; a number that nobody knows counts as the next lower one. */
export function severityName(severity: number): SeverityName {
  const names = Object.keys(severities) as SeverityName[];
  return names.findLast((name) => severities[name] <= severity) ?? 'NORMAL';
}

/** What an event may be about besides. */
export const subjects = ['user', 'vm', 'vds', 'vm_template', 'storage_pool', 'storage_domain'] as const;
export type Subject = (typeof subjects)[number];

/** Something that happened, as people are told of it. */
export interface Event {
  readonly id: string;
  /** Such as `USER_VDC_LOGIN_FAILED`. */
  readonly name: string;
  readonly code: number;
  readonly severity: number;
  readonly message: string;
  readonly time: Date;
  /** Whether it tells the end of what another event has told. */
  readonly resolves: boolean;
  readonly about: Readonly<Partial<Record<Subject, { readonly id: string | null; readonly name: string | null }>>>;
}
