import { describe, expect, test } from 'vitest';
import environment from '../../../../plugins/environment/index.ts';
import { memoryCheck, memoryFinding } from '../../../../plugins/environment/settings.ts';
import type { Problem } from '#kit';
import { judgeFindings } from '../../../../src/setup/core/preflight.ts';
import { newAsker } from '../../../../src/setup/core/asker.ts';
import { type Machine, memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { dialogue, goodPassword } from '../../../support/dialogue.ts';
import { english, notingDialog, sourcesOf } from '../../../support/fakes.ts';

const given = { 'OVESETUP_CONFIG/adminPassword': goodPassword };
const debian = { id: 'debian', version: '12', title: 'Debian GNU/Linux 12 (bookworm)' };
const withMemory = (memoryMiB: number): Machine => newMachine({ system: { memoryMiB, distribution: debian } });

/** What the checks of the host find on a machine. */
async function findingsOn(machine: Machine, on: { sandbox?: boolean; given?: Readonly<Record<string, unknown>> } = {}) {
  const { answers } = await dialogue({ machine, given: { ...given, ...on.given }, sandbox: on.sandbox ?? false });
  const host = memoryHost(on.sandbox === true ? { ...machine, prefix: '/sandbox' } : machine);
  const found = (await environment.preflight?.(answers, host)) ?? [];
  return { answers, found: english(found) as readonly Problem[] };
}
const idsOn = async (...args: Parameters<typeof findingsOn>) => (await findingsOn(...args)).found.map(({ id, level }) => [id, level]);

describe('the memory of the machine', () => {
  test.each([
    [1839, 'doubt'],
    [3686, 'doubt'],
    [3687, 'warning'],
    [14_745, 'warning'],
    [14_746, undefined],
    [32_768, undefined],
  ])('of %d MiB gives %s', async (memoryMiB, level) => {
    expect(await idsOn(withMemory(memoryMiB))).toEqual(level === undefined ? [] : [['low-memory', level]]);
  });

  test.each([
    [691, 'doubt'],
    [692, 'warning'],
    [921, 'warning'],
    [922, undefined],
  ])('of %d MiB gives %s below a root, where only a trial runs', async (memoryMiB, level) => {
    expect(await idsOn(withMemory(memoryMiB), { sandbox: true })).toEqual(level === undefined ? [] : [['low-memory', level]]);
  });

  test('is spoken of in the classic words', async () => {
    const texts = async (memoryMiB: number) => (await findingsOn(withMemory(memoryMiB))).found.map(({ message }) => message);
    expect(await texts(1839)).toEqual([
      'Warning: Not enough memory is available on the host. Minimum requirement is 4096MB, and 16384MB is recommended.',
    ]);
    expect(await texts(8000)).toEqual(['Warning: Less than 16384MB of memory is available on the host, which is recommended.']);
  });

  test('is only told of where an answer file has consented already, and the consent is kept', async () => {
    const off = { given: { 'OVESETUP_SYSTEM/memCheckEnabled': false } };
    expect(await idsOn(withMemory(1839), off)).toEqual([['low-memory', 'warning']]);
    const { answers, found } = await findingsOn(withMemory(1839));
    const dialog = notingDialog(['yes']);
    const asker = newAsker({ dialog, sources: sourcesOf({}), acceptDefaults: false, hide: () => undefined });
    await judgeFindings(found, { answers, asker, allowed: new Set() });
    expect(dialog.asked.map(({ name }) => name)).toEqual(['OVESETUP_MEMCHECK_ENABLED']);
    expect(answers.get(memoryCheck)).toBe(false);
  });

  test('is repeated as a warning of the summary', async () => {
    const summary = async (memoryMiB: number) => {
      const { answers } = await findingsOn(withMemory(memoryMiB));
      return english(await environment.summary?.(answers, memoryHost(newMachine())));
    };
    expect(await summary(1839)).toMatchObject([{ block: 'memory', warnings: [expect.stringContaining('Not enough memory')] }]);
    expect(await summary(32_768)).toEqual([]);
    const { answers } = await findingsOn(withMemory(32_768));
    expect(memoryFinding(answers)).toBeUndefined();
  });
});

describe('the host', () => {
  const foreign = (distribution: Machine['system']['distribution'], packages: Machine['packages'] = new Map()): Machine =>
    newMachine({ packages, system: { memoryMiB: 32_768, distribution } });

  test.each([
    [debian, false],
    [{ id: 'debian', version: '11', title: 'Debian 11' }, true],
    [{ id: 'debian', version: '', title: 'Debian sid' }, true],
    [{ id: 'rocky', version: '9.4', title: 'Rocky Linux 9.4' }, true],
    [{ id: 'unknown', version: '', title: 'unknown' }, true],
  ])('with $title is refused: %s', async (distribution, refused) => {
    const { found } = await findingsOn(foreign(distribution));
    expect(found).toMatchObject(
      refused
        ? [{ id: 'unsupported-host', level: 'error', message: expect.stringContaining(`${distribution.title} is not supported`) }]
        : [],
    );
  });

  test('with the original product on it is refused', async () => {
    const { found } = await findingsOn(foreign(debian, new Map([['ovirt-engine-setup-base', '4.5.6-1.el9']])));
    expect(found).toMatchObject([
      {
        id: 'original-installed',
        level: 'error',
        message: expect.stringContaining('ovirt-engine-setup-base 4.5.6-1.el9'),
        remedy: expect.stringContaining('engine-cleanup'),
      },
    ]);
  });

  test('may be any below a root, where nothing of it is touched', async () => {
    const machine = foreign({ id: 'rocky', version: '9', title: 'Rocky' }, new Map([['ovirt-engine-setup-base', '4.5']]));
    expect(await idsOn(machine, { sandbox: true })).toEqual([]);
  });
});

describe('the disk', () => {
  const mebibyte = 1024 * 1024;

  test('with less room than an installation takes gives a doubt that can be accepted', async () => {
    expect(await idsOn(newMachine({ freeBytes: 300 * mebibyte }))).toEqual([]);
    const { found } = await findingsOn(newMachine({ freeBytes: 300 * mebibyte - 1 }));
    expect(found).toMatchObject([
      {
        id: 'disk-space',
        level: 'doubt',
        message: '/var/lib has 299 MiB left; an installation needs 300 MiB',
        remedy: expect.stringContaining('--allow disk-space'),
      },
    ]);
  });

  test('is named as it is seen from outside of a root', async () => {
    const { found } = await findingsOn(newMachine({ freeBytes: 0 }), { sandbox: true });
    expect(found).toMatchObject([{ message: expect.stringContaining('/sandbox/var/lib has 0 MiB left') }]);
  });
});
