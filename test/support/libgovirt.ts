import { existsSync } from 'node:fs';
import { expect } from 'vitest';
import { canaries } from './whole-host-answers.ts';
import type { Client } from './first-machine.ts';
import { hostName } from './host-image.ts';

/** Debian's own Python, which has its packages. */
export const python = '/usr/bin/python3';
const typelibs = ['x86_64', 'aarch64'].map((machine) => `/usr/lib/${machine}-linux-gnu/girepository-1.0/GoVirt-1.0.typelib`);
/** Whether this machine has the library that virt-viewer reaches engines with (Debian: gir1.2-govirt-1.0, python3-gi). */
export const hasLibgovirt = existsSync(python) && typelibs.some((path) => existsSync(path));

const script = new URL('libgovirt-machine.py', import.meta.url).pathname;

/** Has libgovirt do things with a virtual machine, as the administrator (libgovirt-machine.py). Gives what it says of each. */
export async function libgovirt(client: Client, authority: string, machine: string, words: readonly string[]): Promise<readonly unknown[]> {
  const { code, stdout, stderr } = await client.run([
    python,
    script,
    hostName,
    authority,
    'admin@internal',
    canaries.admin,
    machine,
    ...words,
  ]);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as readonly unknown[];
}
