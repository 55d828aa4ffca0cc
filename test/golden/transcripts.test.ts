import { describe, expect, test } from 'vitest';
import { type Machine, afterPowerCut, newMachine } from '../../src/setup/host/memory/index.ts';
import { conf, install } from '../support/installation.ts';

const password = 'canary-Wort-77';
const databasePassword = 'canary-Daten-88';

interface Story {
  readonly name: string;
  /** What happened on the machine before. */
  readonly before?: (machine: Machine) => Promise<Machine>;
  readonly machine?: Partial<Machine>;
  readonly answers?: Readonly<Record<string, string>>;
  readonly typed?: readonly string[];
}

const complete = {
  'OVESETUP_CONFIG/fqdn': 'str:engine.example.net',
  'OVESETUP_CONFIG/adminPassword': `str:${password}`,
  'OVESETUP_DB/password': `str:${databasePassword}`,
  'OVESETUP_PKI/organization': 'str:Example',
};

const installed = async (machine: Machine): Promise<Machine> => {
  const { outcome } = await install({ machine, files: [conf(complete)] });
  expect(outcome.failure).toBeUndefined();
  return machine;
};

/** Keys are new in every test process, and so are their fingerprints. */
const fixed = (screen: string): string =>
  screen.replace(/(?:[0-9A-F]{2}:){19,31}[0-9A-F]{2}/g, '<fingerprint>').replace(/SHA256:[\w+/]{43}/g, 'SHA256:<fingerprint>');

/** Each story is a host, answers, and the whole screen they give. */
const stories: readonly Story[] = [
  { name: 'first-install-with-defaults', typed: ['', password, password, '', ''] },
  {
    name: 'wrong-answers-are-asked-again',
    typed: [
      'bad_name',
      '192.0.2.1',
      'nowhere.example.net',
      '',
      'short',
      'short',
      password,
      'other',
      'password1',
      'password1',
      '',
      password,
      password,
      '',
      'perhaps',
      'ok',
    ],
  },
  { name: 'weak-password-accepted', typed: ['', 'password1', 'password1', 'yes', '', ''] },
  { name: 'cancelled-at-the-end', typed: ['', password, password, '', 'Cancel'] },
  { name: 'input-ends-early', typed: ['', password, password] },
  { name: 'unattended', answers: complete },
  { name: 'unattended-without-answers' },
  {
    name: 'unattended-with-bad-answers',
    answers: {
      'OVESETUP_CONFIG/fqdn': 'str:-x-.example',
      'OVESETUP_CONFIG/adminPassword': 'str:abc',
      'OVESETUP_DB/port': 'int:99999',
      'OVESETUP_PKI/country': 'str:usa',
    },
  },
  { name: 'unattended-with-weak-password', answers: { ...complete, 'OVESETUP_CONFIG/adminPassword': 'str:password1' } },
  { name: 'second-run', before: installed, answers: complete },
  { name: 'second-run-interactive', before: installed, typed: [''] },
  { name: 'organization-cannot-change', before: installed, answers: { ...complete, 'OVESETUP_PKI/organization': 'str:Another' } },
  {
    name: 'authority-lost',
    before: async (machine) => {
      const there = await installed(machine);
      there.disk.delete('/etc/pki/ovirt-engine/ca.pem');
      return there;
    },
    answers: complete,
  },
  { name: 'port-taken', machine: { foreignPorts: new Map([[443, 'nginx']]) }, answers: complete },
  { name: 'little-room', machine: { freeBytes: 50 * 1024 * 1024 }, answers: complete },
  { name: 'little-room-accepted', machine: { freeBytes: 50 * 1024 * 1024 }, typed: ['', password, password, '', 'yes', ''] },
  {
    name: 'taken-up-after-a-power-cut',
    before: async (machine) => {
      await install({ machine, files: [conf(complete)], accidents: [{ at: 80, how: 'cut-before' }] });
      return afterPowerCut(machine);
    },
    answers: complete,
  },
];

describe('the screen', () => {
  test.each(stories)('$name', async ({ name, before, machine, answers, typed }) => {
    const given = newMachine(machine);
    const on = before === undefined ? given : await before(given);
    const { screen, log } = await install({
      machine: on,
      files: answers === undefined ? [] : [conf(answers)],
      ...(typed === undefined ? {} : { typed }),
    });
    await expect(fixed(screen)).toMatchFileSnapshot(`${name}.transcript`);
    for (const secret of [password, databasePassword, 'password1']) {
      // A typed secret is not echoed, a given one is not shown, and neither is logged.
      expect(screen).not.toContain(secret);
      expect(log).not.toContain(secret);
    }
  });

  test('a step that fails is rolled back, and the screen says so', async () => {
    const files = [conf(complete)];
    const { host } = await install({ machine: newMachine(), files });
    const at = 1 + host.effects.findIndex((effect) => effect.startsWith('update aaa_jdbc.users'));
    const { screen, outcome } = await install({ machine: newMachine(), files, accidents: [{ at, how: 'fail' }] });
    expect(outcome.leftOver).toEqual([]);
    await expect(fixed(screen)).toMatchFileSnapshot('step-fails.transcript');
  });
});
