import { describe, expect, test } from 'vitest';
import { file, textOf } from '#kit';
import { endedRuns, findUnfinished, freeReserve, openJournal, runsDirectory, tidyRuns } from '../../../../src/setup/core/journal.ts';
import { memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { failureOf, newJournal } from '../../../support/fakes.ts';

const host = () => memoryHost(newMachine());
const start = { t: 'start', run: 'r', version: '1', steps: [] } as const;
const end = { t: 'end', result: 'ok' } as const;
/** A line as the journal writes it: with the time of the host. */
const timed = <T extends object>(entry: T): T & { at: string } => ({ ...entry, at: '2026-01-02T03:04:05.000Z' });
const begin = { t: 'begin', step: 'a', kept: null, files: {}, parents: [] } as const;
const write = (on: ReturnType<typeof host>, run: string, text: string) =>
  on.files.write(`${runsDirectory}/${run}/journal`, file(text, 0o600));

describe('a journal', () => {
  test('is one line of JSON for each entry, in a directory that only its owner can look into', async () => {
    const on = host();
    const journal = await newJournal(on, 'r');
    await journal.append(start);
    await journal.append(begin);
    expect(textOf(await on.files.read(`${runsDirectory}/r/journal`))).toBe(
      `${JSON.stringify(timed(start))}\n${JSON.stringify(timed(begin))}\n`,
    );
    expect(await on.files.read(`${runsDirectory}/r`)).toMatchObject({ kind: 'directory', mode: 0o700 });
    expect(journal.entries()).toEqual([timed(start), timed(begin)]);
    expect(journal.directory).toBe(`${runsDirectory}/r`);
  });

  test('counts an entry only once it is on disk', async () => {
    const on = memoryHost(newMachine(), { at: 5, how: 'fail' });
    const journal = await newJournal(on, 'r');
    await journal.append(start);
    await expect(journal.append(begin)).rejects.toThrow('made to fail');
    expect(journal.entries()).toEqual([timed(start)]);
  });

  test('without an end is unfinished, with one it is not', async () => {
    const on = host();
    expect(await findUnfinished(on)).toBeUndefined();
    const journal = await newJournal(on, 'r');
    await journal.append(start);
    expect(await findUnfinished(on)).toEqual({ run: 'r', entries: [timed(start)] });
    await journal.append(end);
    expect(await findUnfinished(on)).toBeUndefined();
  });

  test('that is unfinished is found behind newer ones that came to their end', async () => {
    const on = host();
    await write(on, '1', `${JSON.stringify(start)}\n`);
    await write(on, '2', `${JSON.stringify(start)}\n${JSON.stringify(end)}\n`);
    await on.files.write(`${runsDirectory}/3`, { kind: 'directory', mode: 0o700 });
    expect((await findUnfinished(on))?.run).toBe('1');
  });

  test('is read without its last line where that was torn, and goes on cleanly after it', async () => {
    const on = host();
    await write(on, 'r', `${JSON.stringify(start)}\n${JSON.stringify(begin).slice(0, 9)}`);
    const unfinished = await findUnfinished(on);
    expect(unfinished?.entries).toEqual([start]);
    const journal = await openJournal(on, unfinished, 'new');
    expect(journal.run).toBe('r');
    await journal.append(begin);
    // The first line was written by an older version, which kept no times.
    expect(textOf(await on.files.read(`${runsDirectory}/r/journal`))).toBe(`${JSON.stringify(start)}\n${JSON.stringify(timed(begin))}\n`);
    expect((await findUnfinished(on))?.entries).toEqual([start, timed(begin)]);
  });

  test('that was torn within its very first line has begun nothing', async () => {
    const on = host();
    await write(on, 'r', JSON.stringify(start).slice(0, 5));
    expect(await findUnfinished(on)).toBeUndefined();
    const journal = await openJournal(on, undefined, 'r');
    await journal.append(start);
    expect((await findUnfinished(on))?.entries).toEqual([timed(start)]);
  });

  test.each([['not json'], ['null'], ['{}'], ['[]'], ['{"t":1}'], ['']])(
    'that is damaged by a line %j names file and line',
    async (line) => {
      const on = host();
      await write(on, 'r', `${JSON.stringify(start)}\n${line}\n${JSON.stringify(begin)}\n`);
      expect(await failureOf(findUnfinished(on))).toMatchObject({
        name: 'SetupError',
        code: 'refused',
        text: `The journal of an unfinished run is damaged: ${runsDirectory}/r/journal, line 2`,
        remedy: expect.stringContaining(`move the directory ${runsDirectory}/r away`),
      });
    },
  );
});

test('the runs that came to their end are known, oldest first; those that did not, or cannot be read, are passed over', async () => {
  const on = host();
  expect(await endedRuns(on)).toEqual([]);
  await write(on, '3', `${JSON.stringify(begin)}\n${JSON.stringify(end)}\n`);
  await write(on, '1', `${JSON.stringify(start)}\n${JSON.stringify({ t: 'end', result: 'rolled-back' })}\n`);
  await write(on, '2', `${JSON.stringify(start)}\n`);
  await write(on, '4', 'not json\n');
  await write(on, '5', `${JSON.stringify(start)}\n${JSON.stringify(end)}`);
  await on.files.write(`${runsDirectory}/6`, { kind: 'directory', mode: 0o700 });
  expect(await endedRuns(on)).toEqual([
    [start, { t: 'end', result: 'rolled-back' }],
    [begin, end],
  ]);
});

test('room for the way back is set aside, as much as a run asks for, and given free once', async () => {
  const on = host();
  const journal = await openJournal(on, undefined, 'r', 1_000_000);
  const held = on.machine.disk.get(`${journal.directory}/stash/reserve`);
  expect(held?.kind === 'file' && held.content.length).toBeGreaterThan(1_000_000);
  await freeReserve(on, journal);
  await freeReserve(on, journal);
  expect(on.machine.disk.has(`${journal.directory}/stash/reserve`)).toBe(false);
});

describe('tidying', () => {
  const ended = `${JSON.stringify(start)}\n${JSON.stringify(end)}\n`;

  test('keeps the newest ten ended runs and throws their safety copies away', async () => {
    const on = host();
    const names = Array.from({ length: 13 }, (_, n) => `202601${String(n + 10)}`);
    for (const name of names) {
      await write(on, name, ended);
      await on.files.write(`${runsDirectory}/${name}/stash/abc`, file('old secret', 0o600));
    }
    await tidyRuns(on);
    expect(await on.files.list(runsDirectory)).toEqual(names.slice(3));
    expect([...on.machine.disk.keys()].filter((path) => path.includes('/stash'))).toEqual([]);
  });

  test('never touches a run that did not come to its end', async () => {
    const on = host();
    await write(on, '0', `${JSON.stringify(start)}\n`);
    await on.files.write(`${runsDirectory}/0/stash/abc`, file('needed', 0o600));
    for (let n = 1; n <= 12; n++) await write(on, `1${String(n).padStart(2, '0')}`, ended);
    await tidyRuns(on);
    const left = await on.files.list(runsDirectory);
    expect(left).toHaveLength(11);
    expect(textOf(await on.files.read(`${runsDirectory}/0/stash/abc`))).toBe('needed');
  });
});
