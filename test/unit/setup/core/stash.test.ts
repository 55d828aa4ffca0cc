import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Entry, file } from '#kit';
import { restore, stash } from '../../../../src/setup/core/stash.ts';
import { memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';

const run = '/var/lib/run';
const host = () => memoryHost(newMachine());

describe('a safety copy', () => {
  test('gives back bytes, modes and links as they were', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.record({
            kind: fc.constant('file' as const),
            content: fc.uint8Array({ maxLength: 300 }),
            mode: fc.integer({ min: 0, max: 0o7777 }),
          }),
          fc.record({ kind: fc.constant('directory' as const), mode: fc.integer({ min: 0, max: 0o7777 }) }),
          fc.record({ kind: fc.constant('link' as const), target: fc.string() }),
        ),
        async (entry: Entry) => {
          const on = host();
          await on.files.write('/etc/x', entry);
          const before = await on.files.read('/etc/x');
          const hash = await stash(on, run, '/etc/x');
          await on.files.write('/etc/x', file('something else', 0o644));
          await restore(on, run, '/etc/x', hash);
          const after = await on.files.read('/etc/x');
          expect(after?.kind === 'file' ? { ...after, content: Buffer.from(after.content).toString('hex') } : after).toEqual(
            before?.kind === 'file' ? { ...before, content: Buffer.from(before.content).toString('hex') } : before,
          );
        },
      ),
    );
  });

  test('of nothing removes what came there since', async () => {
    const on = host();
    expect(await stash(on, run, '/etc/x')).toBeNull();
    await on.files.write('/etc/x', { kind: 'directory', mode: 0o755 });
    await on.files.write('/etc/x/y', file('y', 0o600));
    await restore(on, run, '/etc/x', null);
    expect(await on.files.read('/etc/x')).toBeUndefined();
    expect(await on.files.read('/etc/x/y')).toBeUndefined();
  });

  test('of a directory holds none of what lies in it', async () => {
    const on = host();
    await on.files.write('/etc/x', { kind: 'directory', mode: 0o700 });
    await on.files.write('/etc/x/y', file('precious', 0o600));
    const hash = await stash(on, run, '/etc/x');
    expect(JSON.stringify([...on.machine.disk].filter(([path]) => path.startsWith(run)))).not.toContain(
      Buffer.from('precious').toString('base64'),
    );
    await restore(on, run, '/etc/x', hash);
    expect(await on.files.read('/etc/x/y')).toBeDefined();
  });

  test('is readable by its owner only, and equal ones are kept once', async () => {
    const on = host();
    await on.files.write('/etc/a', file('same', 0o644));
    await on.files.write('/etc/b', file('same', 0o644));
    expect(await stash(on, run, '/etc/a')).toBe(await stash(on, run, '/etc/b'));
    expect(await on.files.read(`${run}/stash`)).toMatchObject({ mode: 0o700 });
    const [name = ''] = await on.files.list(`${run}/stash`);
    expect(await on.files.list(`${run}/stash`)).toHaveLength(1);
    expect(await on.files.read(`${run}/stash/${name}`)).toMatchObject({ mode: 0o600 });
  });

  test('that is missing or damaged is not put back', async () => {
    const on = host();
    await on.files.write('/etc/x', file('old', 0o644));
    const hash = (await stash(on, run, '/etc/x')) ?? '';
    await on.files.write('/etc/x', file('new', 0o644));
    await on.files.write(`${run}/stash/${hash}`, file('{"kind":"file","content":"","mode":420}', 0o600));
    await expect(restore(on, run, '/etc/x', hash)).rejects.toThrow('The safety copy of /etc/x is missing or damaged');
    await on.files.remove(`${run}/stash/${hash}`);
    await expect(restore(on, run, '/etc/x', hash)).rejects.toMatchObject({ code: 'failed' });
    expect(await on.files.read('/etc/x')).toMatchObject({ content: Buffer.from('new') });
  });
});
