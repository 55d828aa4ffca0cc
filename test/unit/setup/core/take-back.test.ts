import { describe, expect, test } from 'vitest';
import { type Plugin, setting, text } from '#kit';
import { takeBackUnfinished } from '../../../../src/setup/core/take-back.ts';
import { afterPowerCut, memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { english, fileStep, notingDialog } from '../../../support/fakes.ts';
import { diskOf, install } from '../../../support/installation.ts';
import { testRun } from '../../../support/run.ts';

const fqdn = setting({
  key: 'OVESETUP_CONFIG/fqdn',
  section: 'network',
  kind: text,
  about: 'x',
  ask: { name: 'FQDN', text: 'Name', notes: ['A note'] },
});
const undone: string[] = [];
const plugins: readonly Plugin[] = [
  { name: 'plain', steps: () => [fileStep('a', '/etc/a', 'x'), fileStep('b', '/opt/b', 'x')] },
  {
    name: 'asking',
    settings: [fqdn],
    steps: (view) => [fileStep('c', '/opt/c', view.get(fqdn), { undo: { run: async () => void undone.push('c') } })],
  },
];
const given = { path: 'test.conf', text: '[environment:default]\nOVESETUP_CONFIG/fqdn=str:x\n', kept: false };

/** A machine whose power went in the middle of a run. */
async function interrupted() {
  const machine = newMachine();
  const before = diskOf(machine);
  await install({ machine, files: [given], plugins, accidents: [{ at: 11, how: 'cut-after' }] });
  expect(diskOf(machine)).not.toEqual(before);
  return { before, machine: afterPowerCut(machine) };
}

describe('taking back an unfinished run', () => {
  test('brings the old state back, once', async () => {
    const { before, machine } = await interrupted();
    const run = testRun({ plugins, host: memoryHost(machine) });
    expect(await takeBackUnfinished(run)).toEqual([]);
    expect(diskOf(machine)).toEqual(before);
    expect(await takeBackUnfinished(run)).toBeUndefined();
  });

  test('asks nothing and shows no question, though somebody is there', async () => {
    const { machine } = await interrupted();
    const dialog = notingDialog([]);
    expect(await takeBackUnfinished(testRun({ plugins, dialog, host: memoryHost(machine) }))).toEqual([]);
    expect([dialog.asked, dialog.shown, dialog.titles, dialog.notes]).toEqual([[], [], [], []]);
    expect(dialog.logged[0]).toEqual(['info', 'Taking back run 20260102030405-abcdef']);
  });

  test('puts the files of steps back that hang on answers which nobody gives any more', async () => {
    const machine = newMachine();
    const before = diskOf(machine);
    const boom = () => Promise.reject(new Error('no'));
    const failing: Plugin = { name: 'failing', steps: () => [{ ...fileStep('z', '/etc/z', 'x'), apply: boom }] };
    await install({ machine, files: [given], plugins: [...plugins, failing], accidents: [{ at: 16, how: 'cut-before' }] });
    expect(machine.disk.has('/opt/c')).toBe(true);
    undone.length = 0;
    expect(english(await takeBackUnfinished(testRun({ plugins, host: memoryHost(afterPowerCut(machine)) })))).toEqual([]);
    expect(undone).toEqual([]);
    expect(diskOf(machine)).toEqual(before);
  });

  test('has nothing to do where every run came to its end', async () => {
    const host = memoryHost(newMachine());
    expect(await takeBackUnfinished(testRun({ plugins, host }))).toBeUndefined();
    expect(host.effects).toEqual([]);
  });
});
