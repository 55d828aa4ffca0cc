import { windowsTimeZones } from './windows-time-zones.ts';

/* Time zones of virtual machines, by the names of the IANA or those of Windows. */

const formatOf = (zone: string): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat('en', { timeZone: windowsTimeZones.get(zone) ?? zone, timeZoneName: 'longOffset' });

/** Whether there is a time zone of this name. */
export function isTimeZone(zone: string): boolean {
  try {
    formatOf(zone);
    return true;
  } catch {
    return false;
  }
}

/** Seconds that a time zone is ahead of UTC at a moment; 0 for one that is not known. */
export function offsetOf(zone: string | null, at: Date): number {
  if (zone === null || !isTimeZone(zone)) return 0;
  const name = formatOf(zone)
    .formatToParts(at)
    .find(({ type }) => type === 'timeZoneName')?.value;
  const [, sign, hours, minutes] = /^GMT([+-])(\d\d):(\d\d)$/.exec(name ?? '') ?? [];
  return (sign === '-' ? -1 : 1) * (Number(hours ?? 0) * 3_600 + Number(minutes ?? 0) * 60) || 0;
}
