import { randomBytes } from 'node:crypto';
import { privateKey } from '../../src/setup/host/memory/private-keys.ts';
import { issueAuthority } from '../../src/setup/pki/issue.ts';

/* The authority of an engine on another host, which only tests trust. */

export const now = new Date('2026-01-02T03:04:05Z');
export const subject = { country: 'US', organization: 'Example', commonName: 'engine.example.net' };
const key = privateKey(3072);

/** Its certificate. */
export const authorityOfEngine = issueAuthority({ subject, key, serial: randomBytes(16), now, days: 3650 });
export const authority = { certificate: authorityOfEngine, key };
