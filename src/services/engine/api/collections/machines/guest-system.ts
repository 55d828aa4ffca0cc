import type { Entity } from '../../types.ts';

/* What the guest of a virtual machine has told of its operating system and its clock, as the API shows it. */

/** What it has told of its operating system; null what it has not. */
export type GuestSystem = Readonly<Record<string, string | null>>;

const families: Readonly<Record<string, string>> = { linux: 'Linux', windows: 'Windows' };

/** Numbers at the beginning of a version, by their names: 6.1.0-18-amd64 has four of them, 12 has one. */
function numbered(version: string, names: readonly string[]): Entity {
  const [numbers = ''] = /^\d{1,9}(?!\d)([.-]\d{1,9}(?![^.\-\s]))*/.exec(version) ?? [];
  const parts = numbers === '' ? [] : numbers.split(/[.-]/, names.length);
  return { full_version: version, ...Object.fromEntries(parts.map((part, at) => [names[at] ?? '', Number(part)])) };
}

export function guestSystemOf(told: GuestSystem | null): Entity | undefined {
  if (told === null) return undefined;
  const [family, kernel, version] = [told['type'] ?? null, told['kernel'] ?? null, told['version'] ?? null];
  return {
    architecture: told['arch'],
    codename: told['codename'],
    distribution: told['distribution'],
    family: family === null ? undefined : (families[family] ?? 'Other'),
    kernel: kernel === null ? undefined : { version: numbered(kernel, ['major', 'minor', 'build', 'revision']) },
    version: version === null ? undefined : numbered(version, ['major', 'minor']),
  };
}

/** Minutes east of Greenwich as people write them: `02:00`. */
const offsetOf = (minutes: unknown): string | undefined => {
  if (typeof minutes !== 'number') return undefined;
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `${minutes < 0 ? '-' : ''}${String(hours).padStart(2, '0')}:${String(rest).padStart(2, '0')}`;
};

export const guestZoneOf = (told: { readonly zone?: string; readonly offset?: number } | null): Entity | undefined =>
  told === null ? undefined : { name: told.zone, utc_offset: offsetOf(told.offset) };
