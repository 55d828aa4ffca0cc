import { describe, expect, it } from 'vitest';
import { isTimeZone, offsetOf } from '../../../../../src/services/engine/machines/time-zone.ts';
import { windowsTimeZones } from '../../../../../src/services/engine/machines/windows-time-zones.ts';

const winter = new Date('2026-01-15T12:00:00Z');
const summer = new Date('2026-07-15T12:00:00Z');

describe('the clock of a guest', () => {
  it.each<[string | null, number, number]>([
    [null, 0, 0],
    ['Etc/GMT', 0, 0],
    ['Europe/Berlin', 3_600, 7_200],
    ['W. Europe Standard Time', 3_600, 7_200],
    ['America/St_Johns', -12_600, -9_000],
    ['Newfoundland Standard Time', -12_600, -9_000],
    ['Nepal Standard Time', 20_700, 20_700],
    ['Mars Standard Time', 0, 0],
  ])('is that of its time zone: %s', (zone, inWinter, inSummer) => {
    expect([offsetOf(zone, winter), offsetOf(zone, summer)]).toEqual([inWinter, inSummer]);
  });
});

describe('time zones', () => {
  it('of Windows are zones that there are', () => {
    expect([...windowsTimeZones.values()].filter((zone) => !isTimeZone(zone))).toEqual([]);
  });

  it('are known by the names of the IANA and of Windows, and no others', () => {
    expect(['UTC', 'GMT', 'GMT Standard Time', 'Asia/Kolkata'].filter((zone) => !isTimeZone(zone))).toEqual([]);
    expect(['Mars/Olympus', 'Berlin Standard Time', '__proto__', ''].filter(isTimeZone)).toEqual([]);
  });
});
