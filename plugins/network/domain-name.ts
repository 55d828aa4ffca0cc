import { type Text, message } from '#kit';

/** Why a text is not a host name that certificates can carry; undefined if it is one. */
export function flawOf(name: string): Text | undefined {
  if (name === '') return 'it is empty';
  if (/^[\d.]+$/.test(name) || name.includes(':')) return 'it is an address; certificates need a name';
  if (name.length > 253) return 'it is longer than 253 characters';
  for (const label of name.split('.')) {
    if (label === '') return 'it has an empty part between dots';
    if (label.length > 63) return message`its part ${label} is longer than 63 characters`;
    if (!/^[a-z0-9-]+$/i.test(label)) return 'only letters, digits, hyphens and dots may stand in it';
    if (label.startsWith('-') || label.endsWith('-')) return message`its part ${label} begins or ends with a hyphen`;
  }
  return undefined;
}

/** The first full name that a hosts file gives to a short host name. Asks nobody: a resolver could keep us waiting. */
export function fullNameIn(hosts: string, short: string): string | undefined {
  for (const line of hosts.split('\n')) {
    const [, ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    const full = names.includes(short) ? names.find((name) => name.startsWith(`${short}.`)) : undefined;
    if (full !== undefined) return full;
  }
  return undefined;
}
