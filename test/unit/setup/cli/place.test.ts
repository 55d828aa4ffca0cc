import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { placeOf, placeToChange } from '../../../../src/setup/cli/place.ts';
import { kindOfRoot } from '../../../../src/setup/cli/sandbox-root.ts';

let directory = '';
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'place-'))));
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(directory, { recursive: true });
});
const runAs = (uid: number): void => void vi.spyOn(process, 'geteuid').mockReturnValue(uid);

describe('the place of an installation', () => {
  test('is this host itself where no directory is named: it is ours already', () => {
    const place = placeOf(undefined);
    expect([place.root, place.host.files.real('/etc/x'), place.isOurs()]).toEqual(['/', '/etc/x', true]);
    // There is nothing to claim, and so nothing is marked.
    expect(() => place.claim()).not.toThrow();
  });

  test('is a directory, which is ours once it is claimed', () => {
    const root = join(directory, 'new');
    const place = placeOf(root);
    expect([place.root, place.host.files.real('/etc/x'), place.isOurs()]).toEqual([root, join(root, 'etc/x'), false]);
    place.claim();
    expect([kindOfRoot(root), place.isOurs()]).toEqual(['sandbox', true]);
  });

  test('is no directory that holds other things', () => {
    mkdirSync(join(directory, 'foreign'));
    writeFileSync(join(directory, 'foreign/precious'), 'mine');
    for (const find of [placeOf, placeToChange])
      expect(() => find(join(directory, 'foreign'))).toThrow(expect.objectContaining({ code: 'refused' }));
  });
});

describe('a place that is to be changed', () => {
  test('may be this host itself for root alone', () => {
    runAs(0);
    expect(placeToChange(undefined)).toMatchObject({ root: '/' });
    runAs(1000);
    expect(() => placeToChange(undefined)).toThrow(
      expect.objectContaining({
        code: 'refused',
        message: 'Only root may configure this host',
        remedy: expect.stringContaining('--root=DIRECTORY') as string,
      }),
    );
  });

  test('may be a directory for everybody, as looking at this host is', () => {
    runAs(1000);
    expect(placeToChange(join(directory, 'new'))).toMatchObject({ root: join(directory, 'new') });
    expect(placeOf(undefined)).toMatchObject({ root: '/' });
  });
});
