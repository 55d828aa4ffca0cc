import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { file, textOf } from '#kit';
import { plugins as ours } from '../../../../plugins/index.ts';
import { prepare, settleAnswers } from '../../../../src/setup/core/run.ts';
import { newMachine } from '../../../../src/setup/host/memory/index.ts';
import { programDirectory } from '../../../../src/setup/paths.ts';
import { notingDialog } from '../../../support/fakes.ts';
import { conf, install } from '../../../support/installation.ts';
import { testRun } from '../../../support/run.ts';
import { useThirdParty } from '../../../support/third-party.ts';

const tests = useThirdParty();
const { load } = tests;
const example = join(programDirectory, 'test/fixtures/plugins/motd');
const greeting = '/etc/motd.d/ovirt-engine';

describe('the example of the documentation', () => {
  test('is the file that is tested', () => {
    const source = readFileSync(join(example, 'index.ts'), 'utf8');
    const shown = source.replaceAll(`'../../../../src/`, `'/usr/lib/ovirt-engine/current/src/`);
    expect(readFileSync(join(programDirectory, 'docs/plugins.md'), 'utf8')).toContain(`\n\`\`\`ts\n${shown}\`\`\`\n`);
  });

  const answers = {
    'OVESETUP_CONFIG/fqdn': 'str:localhost',
    'OVESETUP_CONFIG/adminPassword': 'str:canary-Wort-77',
    'OVESETUP_DIALOG/confirmSettings': 'bool:True',
  };
  const withExample = async (more: Partial<Parameters<typeof install>[0]> = {}) => {
    cpSync(example, join(tests.directory, 'motd'), { recursive: true });
    return install({ machine: newMachine(), files: [conf(answers)], plugins: [...ours, ...(await load())], ...more });
  };
  /** Where a line stands; -1 if it does not. */
  const place = (text: string, line: string | RegExp): number => text.search(line);

  test('asks its question, and shows its lines of preview, work and summary at their places', async () => {
    const { outcome, host, screen } = await withExample();
    expect(outcome.failure).toBeUndefined();
    expect(textOf(await host.files.read(greeting))).toBe('Welcome to localhost\nThis host is configured by engine-setup.\n');
    const order = [
      /^ +PKI organization +: /m,
      /^ +Message of the day +: Welcome to localhost$/m,
      /^\[ INFO {2}\] Writing the message of the day$/m,
      /^\[ INFO {2}\] Generating post install configuration file/m,
      /--== SUMMARY ==--/,
      /^ +Users who log in read: Welcome to localhost$/m,
      /--== END OF SUMMARY ==--/,
    ].map((line) => place(screen, line));
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(order).not.toContain(-1);
  });

  test('asks behind the setting it names, and refuses what it does not like', async () => {
    cpSync(example, join(tests.directory, 'motd'), { recursive: true });
    const replies = ['x'.repeat(61), 'Hello'];
    const dialog = notingDialog(({ name, hidden }) => (name === 'MOTD_GREETING' ? replies.shift() : hidden ? 'canary-Wort-77' : ''));
    const run = testRun({ plugins: [...ours, ...(await load())], dialog });
    const preparation = await prepare(run);
    await settleAnswers(run, preparation);
    const sections = [...preparation.answers.all.keys()].map(({ section }) => section);
    expect(sections.slice(sections.indexOf('system') - 1)).toEqual(['apache', 'system', ...sections.filter((one) => one === 'misc')]);
    expect(dialog.asked.filter(({ name }) => name === 'MOTD_GREETING')).toMatchObject([
      { text: 'Message of the day' },
      { text: 'Message of the day' },
    ]);
    expect(dialog.logged).toContainEqual(['error', 'A message of the day has at most 60 characters']);
    expect(dialog.titles).toContain('SYSTEM CONFIGURATION');
  });

  test('doubts a file that is there already, which can be accepted', async () => {
    const occupied = () => {
      const machine = newMachine();
      machine.disk.set(greeting, file('Be careful!\n', 0o644));
      return machine;
    };
    const { outcome, host } = await withExample({ machine: occupied() });
    expect(outcome.failure).toMatchObject({ code: 'refused', problems: [{ id: 'motd-present', level: 'doubt' }] });
    expect(textOf(await host.files.read(greeting))).toBe('Be careful!\n');
    const accepted = await withExample({ machine: occupied(), more: { allowed: new Set(['motd-present']) } });
    expect(accepted.outcome.failure).toBeUndefined();
    expect(textOf(await accepted.host.files.read(greeting))).toContain('Welcome');
  });

  test('is idempotent, and keeps its answer', async () => {
    const machine = newMachine();
    await withExample({ machine, files: [conf({ ...answers, 'MOTD_CONFIG/greeting': 'str:Hello' })] });
    const { screen, host } = await withExample({ machine });
    expect(screen).not.toContain('Writing the message of the day');
    expect(textOf(await host.files.read(greeting))).toContain('Hello');
  });
});
