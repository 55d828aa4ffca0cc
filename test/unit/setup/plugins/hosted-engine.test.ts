import { describe, expect, test } from 'vitest';
import { continueInside } from '../../../../plugins/engine/hosted-engine.ts';
import { type Machine, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { dialogue } from '../../../support/dialogue.ts';
import { english } from '../../../support/fakes.ts';
import { conf, diskOf, install, samples } from '../../../support/installation.ts';

const files = samples.slice(0, 1);
const maintained = 'The engine runs in a virtual machine, and its hosts are in global maintenance';
const on = (host: string | null, safe: boolean): Machine['hostedEngines'][number] => ({ name: 'HostedEngine', host, safe });

/** An installation, and what it is found to run in afterwards. */
async function within(...hostedEngines: Machine['hostedEngines']): Promise<Machine> {
  const machine = newMachine();
  const { outcome, screen } = await install({ machine, files });
  expect(outcome.failure, screen).toBeUndefined();
  return { ...machine, hostedEngines };
}

describe('a hosted engine', () => {
  test.each([
    ['host1.example.net', 'its host host1.example.net does not report global maintenance'],
    [null, 'no host reports global maintenance for it'],
  ])('that could be restarted meanwhile ends the run before any change: on %s', async (host, why) => {
    const machine = await within(on(host, false), on('host2.example.net', true));
    const before = diskOf(machine);
    const { outcome, screen } = await install({ machine, files, typed: ['', '', '', ''] });
    expect(english(outcome.failure)).toMatchObject({
      code: 'refused',
      problems: [{ id: 'hosted-engine', message: expect.stringContaining(why) }],
    });
    expect(screen).toContain(`[ ERROR ] The engine runs in the virtual machine HostedEngine, and ${why}`);
    expect(screen).toContain('(hosted-engine --set-maintenance --mode=global)');
    expect(screen).not.toContain(maintained);
    expect(diskOf(machine)).toEqual(before);
  });

  test('in global maintenance is told of, and is no obstacle', async () => {
    const { outcome, screen } = await install({ machine: await within(on('host1.example.net', true)), files });
    expect(outcome.failure, screen).toBeUndefined();
    expect(screen).toContain(`[ INFO  ] ${maintained}`);
  });

  test.each([true, false])('is no obstacle where an answer says so, and only then (%s)', async (value) => {
    const machine = await within(on('host1.example.net', false));
    const { outcome } = await install({ machine, files: [...files, conf({ [continueInside.key]: `bool:${value ? 'True' : 'False'}` })] });
    expect(outcome.failure === undefined).toBe(value);
  });

  test('is never asked about', async () => {
    const { asked, find } = await dialogue({ machine: await within(on('host1.example.net', false)), typed: {} });
    expect(asked.filter((name) => /HE|HOSTED/i.test(name))).toEqual([]);
    expect(find(continueInside)).toBe(false);
  });
});

test('an engine in no machine of its own, and one that is not installed yet, is not spoken of', async () => {
  const first = { ...newMachine(), hostedEngines: [on('host1.example.net', false)] };
  for (const machine of [await within(), first]) {
    const { outcome, screen } = await install({ machine, files });
    expect(outcome.failure, screen).toBeUndefined();
    expect(screen).not.toContain('virtual machine');
  }
});
