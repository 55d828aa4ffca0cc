import { describe, expect, test } from 'vitest';
import { file, setting, text, textOf } from '#kit';
import { formatConf, readConf } from '../../../../src/setup/answers/conf.ts';
import { newAnswers } from '../../../../src/setup/core/answers.ts';
import { execute } from '../../../../src/setup/core/execute.ts';
import { arrange, makePlan } from '../../../../src/setup/core/plan.ts';
import { planText } from '../../../../src/setup/core/preview.ts';
import { anyDrifted, postInstallPath, postInstallStep, readRecord, recordStep } from '../../../../src/setup/core/record.ts';
import { memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { english, fileStep, newJournal, notingObserver } from '../../../support/fakes.ts';

const path = '/var/lib/ovirt-engine/setup/record.json';

async function recorded(...contents: readonly string[]) {
  const host = memoryHost(newMachine());
  for (const [index, content] of contents.entries()) {
    const journal = await newJournal(host, `run${index}`);
    const on = { host, journal, observer: notingObserver(), signal: new AbortController().signal };
    await execute([fileStep('a', '/etc/a', content), ...(index === 0 ? [fileStep('b', '/etc/b', 'b')] : [])], on);
    await execute([recordStep(journal)], on);
  }
  return host;
}

describe('the record', () => {
  test('knows every file that a run has touched, also those of earlier runs', async () => {
    expect(Object.keys(await readRecord(await recorded('one', 'two')))).toEqual(['/etc/a', '/etc/b']);
  });

  test('tells a file that somebody changed from one that is as it was left, or gone', async () => {
    const host = await recorded('one');
    const owned = await readRecord(host);
    expect(await anyDrifted(['/etc/a', '/etc/b', '/etc/foreign'], owned, host)).toBe(false);
    await host.files.remove('/etc/a');
    expect(await anyDrifted(['/etc/a'], owned, host)).toBe(false);
    for (const entry of [file('edited', 0o600), { kind: 'link', target: '/etc/b' }, { kind: 'directory', mode: 0o755 }] as const) {
      await host.files.write('/etc/a', entry);
      expect(await anyDrifted(['/etc/b', '/etc/a'], owned, host), entry.kind).toBe(true);
    }
  });

  test('lets the plan say that a file was edited by hand', async () => {
    const host = await recorded('one');
    const plan = async () => english(planText(await makePlan(arrange([fileStep('a', '/etc/a', 'two')]), host), [])[0]);
    expect(await plan()).not.toContain('by hand');
    await host.files.write('/etc/a', file('edited', 0o600));
    expect(await plan()).toContain('edited by hand since the last run');
  });

  test('forgets what is no longer there', async () => {
    const host = await recorded('one');
    await host.files.remove('/etc/b');
    const journal = await newJournal(host, 'later');
    await execute([recordStep(journal)], { host, journal, observer: notingObserver(), signal: new AbortController().signal });
    expect(Object.keys(await readRecord(host))).toEqual(['/etc/a']);
  });

  test.each(['', '{', 'null', '5', '"x"', '["a"]', '{"relative":"x","/etc/a":5}'])('that reads %j is taken for empty', async (content) => {
    const host = memoryHost(newMachine());
    await host.files.write(path, file(content, 0o600));
    expect(await readRecord(host)).toEqual({});
  });
});

describe('the post-install file', () => {
  const kept = setting({ key: 'A/kept', section: 'network', kind: text, about: 'x', keep: true });
  const other = setting({ key: 'A/other', section: 'network', kind: text, about: 'x' });
  const secret = setting({ key: 'A/secret', section: 'network', kind: text, about: 'x', keep: true, secret: true });

  test('holds what the installation keeps and the version, but no secret and nothing else', async () => {
    const answers = newAnswers(new Map());
    for (const one of [other, secret, kept]) answers.set(one, { value: `value of ${one.key}`, origin: { kind: 'asked' } });
    const host = memoryHost(newMachine());
    const step = postInstallStep(answers, '1.2.3', formatConf);
    expect(await step.check(host)).toMatchObject({ kind: 'create', touches: [postInstallPath] });
    await step.apply(host, () => undefined);
    expect(await step.check(host)).toEqual({ kind: 'none' });
    const entry = await host.files.read(postInstallPath);
    expect(entry).toMatchObject({ mode: 0o600 });
    const { statements, problems } = readConf(textOf(entry), 'post.conf');
    expect(problems).toEqual([]);
    expect(statements.map(({ key, value }) => [key, value])).toEqual([
      ['OVESETUP_CORE/generatedByVersion', '1.2.3'],
      ['A/kept', 'value of A/kept'],
    ]);
  });
});
