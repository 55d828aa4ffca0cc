import { execFileSync } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { describe, expect, test } from 'vitest';
import {
  isSignedBy,
  issueSshCertificate,
  parseSshCertificate,
  sshPublicKey,
  sshPublicKeyLine,
} from '../../../../src/setup/pki/ssh-certificate.ts';

const pem = (): string =>
  generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const [authority, holder, other] = [pem(), pem(), pem()];
const request = {
  kind: 'host',
  identity: 'the-proxy',
  principals: ['engine.example.net', 'engine'],
  key: holder,
  authority,
  serial: Buffer.from('0123456789abcdef', 'hex'),
  nonce: Buffer.alloc(32, 7),
  from: new Date('2026-01-01T00:00:00Z'),
  to: new Date('2031-01-01T00:00:00Z'),
} as const;

const whyNoKeygen = ((): string | null => {
  try {
    execFileSync('sh', ['-c', 'command -v ssh-keygen']);
    return null;
  } catch {
    return 'needs ssh-keygen';
  }
})();

describe('a certificate of SSH', () => {
  test('is read as it was written, and its signature counts', () => {
    const found = parseSshCertificate(issueSshCertificate(request));
    expect(found).toMatchObject({
      kind: 'host',
      identity: 'the-proxy',
      principals: request.principals,
      from: request.from,
      to: request.to,
    });
    expect(found?.key).toEqual(sshPublicKey(holder));
    expect(found !== undefined && isSignedBy(found, authority)).toBe(true);
    expect(found !== undefined && isSignedBy(found, other)).toBe(false);
  });

  test('with another name in it is not signed any more', () => {
    const [type = '', base64 = ''] = issueSshCertificate(request).split(' ');
    const bytes = Buffer.from(base64, 'base64');
    bytes.write('Engine', bytes.indexOf('engine.example.net'));
    const forged = parseSshCertificate(`${type} ${bytes.toString('base64')}`);
    expect(forged?.principals[0]).toBe('Engine.example.net');
    expect(forged !== undefined && isSignedBy(forged, authority)).toBe(false);
  });

  test.each([undefined, '', 'ssh-rsa AAAA', 'ssh-rsa-cert-v01@openssh.com AAAA', issueSshCertificate(request).slice(0, 900)])(
    'is not found in %j',
    (text) => expect(parseSshCertificate(text)).toBeUndefined(),
  );

  test('holds keys that another program reads the same', () => {
    const parsed = ssh2.utils.parseKey(createPrivateKey(holder).export({ type: 'pkcs1', format: 'pem' }));
    expect(!(parsed instanceof Error) && parsed.getPublicSSH()).toEqual(sshPublicKey(holder));
    expect(sshPublicKeyLine(holder)).toMatch(/^ssh-rsa AAAAB3NzaC1yc2E/);
  });

  test.skipIf(whyNoKeygen !== null)(`is what OpenSSH understands${whyNoKeygen === null ? '' : ` (${whyNoKeygen})`}`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'ssh-certificate-'));
    try {
      const shown = (kind: 'host' | 'user'): string => {
        writeFileSync(join(folder, 'one-cert.pub'), issueSshCertificate({ ...request, kind }));
        return execFileSync('ssh-keygen', ['-L', '-f', join(folder, 'one-cert.pub')], {
          encoding: 'utf8',
          env: { ...process.env, TZ: 'UTC' },
        });
      };
      expect(shown('host')).toMatch(
        /host certificate[^]*using rsa-sha2-512[^]*Key ID: "the-proxy"[^]*engine\.example\.net\n\s+engine\n[^]*Extensions: \(none\)/,
      );
      expect(shown('host')).toContain('Valid: from 2026-01-01T00:00:00 to 2031-01-01T00:00:00');
      expect(shown('user')).toMatch(/user certificate[^]*Critical Options: \(none\)\s+Extensions:\s+permit-pty\s*$/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
