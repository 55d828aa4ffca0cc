import { describe, expect, it } from 'vitest';
import type { Database } from '../../../../src/services/frame/database.ts';
import { checkSchema, newestVersion, versionOfFile } from '../../../../src/services/frame/schema-version.ts';
import { schemas } from '../../../../src/services/engine/schemas.ts';

/** A database that knows only which version is installed. */
const database = (version: string | null): Database => ({
  query: async <Row>(text: string) => [text.includes('to_regclass') ? { exists: version !== null } : { version }] as Row[],
  close: async () => undefined,
});
const [engine, directory] = schemas;

describe('schema versions', () => {
  it('are the digits of the file names', () => {
    expect(versionOfFile('04_05_0001_baseline.sql')).toBe('04050001');
    expect([versionOfFile('README.md'), versionOfFile('4_5_1_x.sql'), versionOfFile('04_05_0001_x.sql~')]).toEqual([null, null, null]);
  });

  it('are those this release brings', async () => {
    expect(await newestVersion(engine.folder)).toMatch(/^0405\d{4}$/);
    expect(await newestVersion(directory.folder)).toMatch(/^0100\d{4}$/);
  });

  it('let the engine start when they agree', async () => {
    await checkSchema(database(await newestVersion(engine.folder)), 'public', engine.folder);
  });

  it.each([
    [null, /public is not installed, but this release needs 0405\d{4}: run engine-setup/],
    ['04040999', /public has version 04040999, but this release needs 0405\d{4}: run engine-setup/],
    ['04990001', /public has version 04990001, .* newer release/],
  ])('stop it when the installed one is %s', async (version, message) => {
    await expect(checkSchema(database(version), 'public', engine.folder)).rejects.toThrow(message);
  });
});
