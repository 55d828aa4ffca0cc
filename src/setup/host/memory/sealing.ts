import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { HostReader } from '../../kit/host.ts';

/* The keys here are too small for the encryption that the engine knows, and what it makes would differ each time. */

const start = [Buffer.alloc(16, 1), Buffer.alloc(16, 2)] as const;

/** Encryption that everybody can undo who has this file, and that is always the same. */
export const sealing: Pick<HostReader['crypto'], 'seal' | 'unseal'> = {
  seal: (_certificate, text) =>
    `$${createCipheriv('aes-128-ctr', ...start)
      .update(Buffer.from(text))
      .toString('base64')}`,
  unseal: (_key, sealed) =>
    sealed.startsWith('$')
      ? createDecipheriv('aes-128-ctr', ...start)
          .update(Buffer.from(sealed.slice(1), 'base64'))
          .toString()
      : undefined,
};
