const halfHourMs = 1_800_000;
const halfHours = 336;
/** 1970-01-04, the first Sunday that can be counted from. */
const firstSunday = 3 * 48;

/**
 * Until when somebody who logs in now may stay, by a week of half hours in UTC from Sunday on, each 0 or 1: `Infinity` where all
 * of them are 1, and null where the present one is 0.
 */
export function allowedUntil(week: string, now: number): number | null {
  const current = Math.floor(now / halfHourMs);
  const allowed = (ahead: number): boolean => week.charAt((((current + ahead - firstSunday) % halfHours) + halfHours) % halfHours) === '1';
  if (!allowed(0)) return null;
  for (let ahead = 1; ahead < halfHours; ahead++) if (!allowed(ahead)) return (current + ahead) * halfHourMs;
  return Infinity;
}
