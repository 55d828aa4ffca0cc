import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { howEnded, readEndedMachine } from '../../../../src/services/host-helper/machine-log.ts';

const [id, other] = ['6f1b3c1e-0000-4000-8000-000000000001', '6f1b3c1e-0000-4000-8000-000000000002'];
const start = (uuid: string): string =>
  `2026-11-30 10:00:00.123+0000: starting up libvirt version: 9.0.0, package: 9.0.0-4\n-uuid ${uuid} \\\n`;
const end = (word: string): string => `2026-11-30 11:00:00.123+0000: shutting down, reason=${word}\n`;

describe('the log of a virtual machine', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'logs-'));
  });
  afterEach(() => rm(folder, { recursive: true }));
  const told = async (content: string): Promise<string> => {
    await writeFile(join(folder, 'web.log'), content);
    return howEnded({ id, name: 'web' }, folder);
  };

  test('tells how it has ended', async () => {
    expect(await told(`${start(id)}qemu-system-x86_64: terminating\n${end('shutdown')}`)).toBe('shutdown');
    expect(await told(`${start(id)}${end('shutdown')}${start(id)}${end('crashed')}`)).toBe('crashed');
    expect(await told(`${start(id)}${'x'.repeat(200_000)}\n${end('destroyed')}`)).toBe('destroyed');
  });

  test('tells nothing of one that runs, of another of its name, and where it says nothing', async () => {
    expect(await told(`${start(id)}${end('shutdown')}${start(id)}`)).toBe('');
    expect(await told(`${start(id)}${end('shutdown')}${start(other)}${end('crashed')}`)).toBe('');
    // What a guest may have brought QEMU to say.
    expect(await told(`${start(id)}it was shutting down, reason=shutdown\n`)).toBe('');
    expect(await told('')).toBe('');
    expect(await howEnded({ id, name: 'none' }, folder)).toBe('');
    await symlink('/etc/passwd', join(folder, 'link.log'));
    await expect(howEnded({ id, name: 'link' }, folder)).rejects.toThrow(/ELOOP/);
  });

  test.each([
    null,
    {},
    { id },
    { name: 'web' },
    { id: '7', name: 'web' },
    { id, name: '' },
    { id, name: 'a/../b' },
    { id, name: 'a\0' },
    { id, name: 'é'.repeat(126) },
  ])('is not looked for where no machine is named: %j', (body) => {
    expect(() => readEndedMachine(body)).toThrow(expect.objectContaining({ status: 400 }) as Error);
  });

  test('is found by any name that libvirt takes', () => {
    expect(readEndedMachine({ id: id.toUpperCase(), name: `engine's <own> & "1"` })).toEqual({ id, name: `engine's <own> & "1"` });
  });
});
