const numbers = { ok: 1, locked: 2, illegal: 4 } as const;

/** Words of the API for the statuses of disks. */
export type DiskStatus = keyof typeof numbers;

/** The numbers that are stored for them. */
export const diskStatuses: Readonly<Record<DiskStatus, number>> = numbers;

/** The word for a number. */
export const diskStatusWord = (number: unknown): DiskStatus =>
  (Object.keys(numbers) as DiskStatus[]).find((word) => numbers[word] === Number(number)) ?? 'illegal';
