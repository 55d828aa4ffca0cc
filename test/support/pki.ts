import { createPrivateKey, type KeyObject } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeConsoleTicket, type ConsoleTarget } from '../../src/services/engine/consoles/console-ticket.ts';
import { makeCertificate } from './certificates.ts';

/** An authority with an engine that signs tickets, the proxy, a host and a stranger; a folder of files that is removed with `remove`. */
export interface TestPki {
  readonly folder: string;
  readonly ca: string;
  readonly path: (name: string) => string;
  readonly key: (name: string) => Promise<KeyObject>;
  readonly ticket: (target: ConsoleTarget, validSeconds?: number) => Promise<string>;
  readonly remove: () => Promise<void>;
}

export async function makePki(): Promise<TestPki> {
  const folder = await mkdtemp(join(tmpdir(), 'pki-'));
  const leaf = (name: string, names: string, issuer = 'ca') => makeCertificate(folder, name, { issuer, names });
  await Promise.all(['ca', 'other-ca'].map((name) => makeCertificate(folder, name)));
  await Promise.all([
    leaf('engine', 'DNS:localhost'),
    leaf('proxy', 'DNS:localhost,IP:127.0.0.1'),
    leaf('host', 'DNS:localhost,IP:127.0.0.1'),
    leaf('elsewhere', 'DNS:elsewhere.example.net'),
    leaf('stranger', 'DNS:localhost,IP:127.0.0.1', 'other-ca'),
  ]);
  const path = (name: string): string => join(folder, name);
  const key = async (name: string): Promise<KeyObject> => createPrivateKey(await readFile(path(`${name}.key`)));
  return {
    folder,
    ca: await readFile(path('ca.pem'), 'utf8'),
    path,
    key,
    ticket: async (target, validSeconds = 120) =>
      makeConsoleTicket(
        target,
        { key: await key('engine'), certificate: await readFile(path('engine.pem'), 'utf8') },
        Date.now(),
        validSeconds,
      ),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
