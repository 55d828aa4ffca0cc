import { isIP } from 'node:net';

/** Whether a text is an IP address or the name of a machine, as it can stand in a certificate. */
export const isHostAddress = (text: string): boolean =>
  isIP(text) !== 0 || (text.length <= 253 && text.split('.').every((label) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i.test(label)));

/** Whether a text is the fingerprint of an ssh key, as tools show it: `SHA256:` and 32 bytes in base64. */
export const isFingerprint = (text: string): boolean => /^SHA256:[A-Za-z0-9+/]{43}$/.test(text);
