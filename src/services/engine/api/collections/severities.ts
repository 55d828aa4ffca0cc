/** Severities of events, by the numbers that the database holds and the notifier sends. */
export const severities = { normal: 0, warning: 1, error: 2, alert: 10 } as const;
export type Severity = keyof typeof severities;

/** The word for a severity; a number that nobody knows counts as the next lower one. */
export const severityName = (number: number): Severity =>
  (Object.keys(severities) as readonly Severity[]).findLast((word) => severities[word] <= number) ?? 'normal';
