import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** Drops what stands before the first PEM block: many tools put a readable form of the certificate there. */
export function fromFirstPem(text: string, file: string): string {
  const begin = text.indexOf('-----BEGIN ');
  if (begin === -1) throw new Error(`${file} holds no PEM block`);
  return text.slice(begin);
}

/** Reads the first certificate of a PEM file, or null when there is no such file. Throws when it holds none. */
export async function readCertificate(file: string): Promise<X509Certificate | null> {
  try {
    return new X509Certificate(fromFirstPem(await readFile(file, 'utf8'), file));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
