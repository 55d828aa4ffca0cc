import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Change, type Entry, file, textOf } from '#kit';
import { memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { directories } from '../../../../src/setup/steps/directories.ts';
import { editFile } from '../../../../src/setup/steps/edit-file.ts';
import { editLines, withBlock } from '../../../../src/setup/steps/edit-lines.ts';
import { writeFile } from '../../../../src/setup/steps/write-file.ts';

const heading = { id: 'x', chapter: 'units', title: 'X' } as const;
const silent = (): undefined => undefined;
const host = () => memoryHost(newMachine());
const diffOf = (change: Change): string => ('diff' in change ? change.diff() : '');

describe('a marked block', () => {
  const block = { path: '/etc/x', name: 'us', lines: ['ours 1', 'ours 2'], at: 'bottom' } as const;
  const body = ['# BEGIN us', 'ours 1', 'ours 2', '# END us'];
  const text = (...lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

  test('stands behind or before the lines of others, or in place of an earlier one', () => {
    expect(withBlock(text('a', 'b'), block)).toBe(text('a', 'b', ...body));
    expect(withBlock(text('a', 'b'), { ...block, at: 'top' })).toBe(text(...body, 'a', 'b'));
    expect(withBlock('', block)).toBe(text(...body));
    expect(withBlock(text('a', '# BEGIN us', 'older', '# END us', 'b'), block)).toBe(text('a', ...body, 'b'));
    expect(withBlock(text('# BEGIN other', 'x', '# END other'), block)).toBe(text('# BEGIN other', 'x', '# END other', ...body));
    expect(withBlock('a', block)).toBe(text('a', ...body));
  });

  const foreign = fc
    .array(fc.oneof(fc.constantFrom('', '# BEGIN us', '# END us', '# BEGIN other', 'ours 1', ' # BEGIN us', 'x'), fc.string()), {
      maxLength: 12,
    })
    .map((lines) => lines.join('\n'));

  test('applied twice is the same as applied once', () => {
    fc.assert(
      fc.property(foreign, fc.constantFrom('top', 'bottom'), (given, at) => {
        const once = withBlock(given, { ...block, at });
        expect(withBlock(once, { ...block, at })).toBe(once);
        expect(once).toContain(text(...body));
      }),
      { numRuns: 1000 },
    );
  });

  test('never changes a line of others, also where somebody damaged a marker', () => {
    fc.assert(
      fc.property(foreign, fc.constantFrom('top', 'bottom'), (given, at) => {
        const once = withBlock(given, { ...block, at });
        const twice = withBlock(once, { ...block, lines: ['changed'], at });
        // Everything but the block itself, as lines.
        const without = (whole: string, lines: readonly string[]): string => whole.replace(text('# BEGIN us', ...lines, '# END us'), '');
        expect(without(twice, ['changed'])).toBe(without(once, block.lines));
        const marked = /^# BEGIN us\n(?:(?!# BEGIN us\n).*\n)*?# END us$/m.test(given);
        if (!marked) expect(without(once, block.lines)).toBe(given === '' || given.endsWith('\n') ? given : `${given}\n`);
      }),
      { numRuns: 1000 },
    );
  });

  test('leaves the bytes of others alone, whatever their encoding', async () => {
    const on = host();
    const latin = Buffer.from('# M\xfcller\nx = 1\n', 'latin1');
    await on.files.write('/etc/x', { kind: 'file', content: latin, mode: 0o640 });
    const step = editLines(heading, { ...block, lines: ['größe = 1'] });
    await step.apply(on, silent);
    const entry = await on.files.read('/etc/x');
    expect(entry).toMatchObject({ mode: 0o640 });
    const content = Buffer.from((entry as Entry & { kind: 'file' }).content);
    expect(content.subarray(0, latin.length)).toEqual(latin);
    expect(content.subarray(latin.length).toString('utf8')).toBe(text('# BEGIN us', 'größe = 1', '# END us'));
    expect(await step.check(on)).toEqual({ kind: 'none' });
  });

  test('needs a file to stand in, and shows what it would change', async () => {
    const on = host();
    const step = editLines(heading, block);
    await expect(step.apply(on, silent)).rejects.toThrow('/etc/x: the file to edit is not there');
    await on.files.write('/etc/x', file('a\n', 0o600));
    const change = await step.check(on);
    expect(change).toMatchObject({ kind: 'update', touches: ['/etc/x'] });
    expect(diffOf(change)).toContain('+ours 1');
  });
});

describe('an edited file', () => {
  const edit = (text: string): string => (text.includes('ours') ? text : `${text}ours\n`);

  test('keeps mode and bytes of others, and is left alone once it is right', async () => {
    const on = host();
    on.machine.disk.set('/etc/x', { kind: 'file', content: Buffer.from([0x62, 0xfc, 0x0a]), mode: 0o640 });
    const step = editFile(heading, { path: '/etc/x', edit, mode: 0o600 });
    const change = await step.check(on);
    expect(change).toMatchObject({ kind: 'update', touches: ['/etc/x'] });
    expect(diffOf(change)).toContain('+ours');
    await step.apply(on, silent);
    expect(on.machine.disk.get('/etc/x')).toEqual({ kind: 'file', content: Buffer.from('b\xfc\nours\n', 'latin1'), mode: 0o640 });
    expect(await step.check(on)).toEqual({ kind: 'none' });
  });

  test('is made where it is not there only if something says how', async () => {
    const on = host();
    await expect(editFile(heading, { path: '/etc/x', edit }).apply(on, silent)).rejects.toThrow('/etc/x: the file to edit is not there');
    const step = editFile(heading, { path: '/etc/x', edit, mode: 0o600 });
    expect(await step.check(on)).toMatchObject({ kind: 'create' });
    await step.apply(on, silent);
    expect(on.machine.disk.get('/etc/x')).toEqual(file('ours\n', 0o600));
  });

  test('is never a link', async () => {
    const on = host();
    on.machine.disk.set('/etc/x', { kind: 'link', target: '/etc/y' });
    await expect(editFile(heading, { path: '/etc/x', edit, mode: 0o600 }).apply(on, silent)).rejects.toThrow('is not there');
    expect(on.machine.disk.get('/etc/x')).toEqual({ kind: 'link', target: '/etc/y' });
  });
});

describe('a whole file', () => {
  test('differs by content, mode and kind', async () => {
    const step = writeFile(heading, { path: '/etc/x', content: 'wanted\n', mode: 0o640 });
    const on = host();
    const change = await step.check(on);
    expect(change).toMatchObject({ kind: 'create', note: '/etc/x', touches: ['/etc/x'] });
    expect(diffOf(change)).toContain('+wanted');
    for (const entry of [
      file('other', 0o640),
      file('wanted\n', 0o644),
      { kind: 'link', target: '/x' },
      { kind: 'directory', mode: 0o640 },
    ] as const) {
      await on.files.write('/etc/x', entry);
      expect((await step.check(on)).kind, JSON.stringify(entry)).toBe('update');
    }
    await step.apply(on, silent);
    expect(await on.files.read('/etc/x')).toMatchObject({ kind: 'file', mode: 0o640, content: Buffer.from('wanted\n') });
    expect(await step.check(on)).toEqual({ kind: 'none' });
  });

  test('is readable for all where nothing else is said', async () => {
    const on = host();
    await writeFile(heading, { path: '/etc/x', content: '' }).apply(on, silent);
    expect(await on.files.read('/etc/x')).toMatchObject({ mode: 0o644 });
  });

  test('that is secret shows no difference', async () => {
    const on = host();
    await on.files.write('/etc/x', file('old secret', 0o600));
    const change = await writeFile(heading, { path: '/etc/x', content: 'new secret', mode: 0o600, secret: true }).check(on);
    expect(change.kind).toBe('update');
    expect(JSON.stringify(change)).not.toContain('secret');
  });

  test('counts owners only where the host has them', async () => {
    const step = writeFile(heading, { path: '/etc/x', content: 'x', owner: 'ovirt', group: 'ovirt' });
    const on = host();
    await on.files.write('/etc/x', file('x', 0o644));
    expect(await step.check(on)).toEqual({ kind: 'none' });
    on.machine.disk.set('/etc/x', file('x', 0o644, 'root', 'ovirt'));
    expect((await step.check(on)).kind).toBe('update');
    on.machine.disk.set('/etc/x', file('x', 0o644, 'ovirt', 'ovirt'));
    expect(await step.check(on)).toEqual({ kind: 'none' });
  });
});

describe('directories', () => {
  const step = directories(heading, [
    { path: '/opt/a', mode: 0o755 },
    { path: '/opt/a/b', mode: 0o700 },
  ]);

  test('are made in their order, and only those that differ are touched', async () => {
    const on = host();
    expect(await step.check(on)).toMatchObject({ kind: 'create', makes: ['/opt/a', '/opt/a/b'] });
    await on.files.write('/opt/a', { kind: 'directory', mode: 0o755 });
    expect(await step.check(on)).toMatchObject({ makes: ['/opt/a/b'] });
    await step.apply(on, silent);
    expect(await step.check(on)).toEqual({ kind: 'none' });
    expect(await on.files.read('/opt/a/b')).toMatchObject({ kind: 'directory', mode: 0o700 });
  });

  test('get their modes back when somebody has changed them, and keep what lies in them', async () => {
    const on = host();
    await step.apply(on, silent);
    await on.files.write('/opt/a/b/file', file('x', 0o600));
    await on.files.write('/opt/a/b', { kind: 'directory', mode: 0o777 });
    expect(await step.check(on)).toMatchObject({ touches: ['/opt/a/b'] });
    await step.apply(on, silent);
    expect(textOf(await on.files.read('/opt/a/b/file'))).toBe('x');
    expect(await on.files.read('/opt/a/b')).toMatchObject({ mode: 0o700 });
  });
});
