import { fileURLToPath } from 'node:url';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readSettings } from '../../../../src/services/dwh/settings.ts';
import { loadConfig } from '../../../../src/services/frame/config.ts';

const defaults = fileURLToPath(new URL('../../../../src/services/dwh/defaults.conf', import.meta.url));
let folder: string;
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'dwh-settings-'))));
afterAll(async () => rm(folder, { recursive: true }));

const both = (key: string, value: string): string => `ENGINE_DB_${key}=${value}\nDWH_DB_${key}=${value}\n`;
const needed = `${both('USER', 'u')}${both('PASSWORD', 'p')}${both('DATABASE', 'd')}DWH_UUID=id\n`;

async function read(text: string) {
  const file = join(folder, 'ovirt-engine-dwhd.conf');
  await writeFile(file, text);
  return readSettings(await loadConfig(file, defaults));
}

test('what is not said is as the documentation has it', async () => {
  expect(await read(needed)).toMatchObject({
    samplingSeconds: 60,
    keepHours: { samples: 24, hourly: 1440, daily: 43_800 },
    deletionHour: 3,
    errorEventMs: 300_000,
    healthSocket: null,
    history: { host: 'localhost', port: 5432, secured: false },
  });
});

test.each([
  ['DWH_SAMPLING=0', /DWH_SAMPLING must be a whole number from 1 to 3600/],
  ['DWH_DELETE_JOB_HOUR=24', /DWH_DELETE_JOB_HOUR must be a whole number from 0 to 23/],
  ['DWH_TABLES_KEEP_DAILY=-1', /DWH_TABLES_KEEP_DAILY must be a whole number/],
  ['DWH_UUID=', /DWH_UUID must have a value/],
])('%s is refused by name', async (line, why) => {
  await expect(read(`${needed}${line}\n`)).rejects.toThrow(why);
});
