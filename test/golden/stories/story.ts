import { expect } from 'vitest';
import type { Catalogue } from '#kit';
import { type Machine, copyOf, newMachine } from '../../../src/setup/host/memory/index.ts';
import { type Trial, conf, install } from '../../support/installation.ts';

export const password = 'canary-Wort-77';
export const databasePassword = 'canary-Daten-88';

/** A host, answers, and what is typed. */
export interface Story {
  /** That of the file with its screen. */
  readonly name: string;
  /** What happened on the machine before. */
  readonly before?: (machine: Machine) => Promise<Machine>;
  readonly machine?: Partial<Machine>;
  readonly answers?: Readonly<Record<string, string>>;
  readonly typed?: readonly string[];
}

/** Answers that leave nothing to ask. */
export const complete = {
  'OVESETUP_CONFIG/fqdn': 'str:engine.example.net',
  'OVESETUP_CONFIG/adminPassword': `str:${password}`,
  'OVESETUP_DB/password': `str:${databasePassword}`,
  'OVESETUP_PKI/organization': 'str:Example',
};
/** The same for an installation below a directory. */
export const trialAnswers = { ...complete, 'OVESETUP_CONFIG/fqdn': 'str:localhost' };

/** The host after a first installation. */
export const installed = async (machine: Machine): Promise<Machine> => {
  const { outcome } = await install({ machine, files: [conf(complete)] });
  expect(outcome.failure).toBeUndefined();
  return machine;
};

/** What is typed at each question of a first installation, in its order; a story names only what it types differently. */
export const usually = {
  components: ['', '', '', '', '', ''],
  updates: [],
  fqdn: [''],
  firewall: ['', ''],
  historyDatabase: ['', ''],
  engineDatabase: ['', ''],
  databaseClients: [],
  password: [password, password],
  mode: [''],
  ovnCredentials: [''],
  wipe: [''],
  organization: [''],
  web: ['', ''],
  scale: [''],
  doubts: [],
  confirmation: [''],
} satisfies Readonly<Record<string, readonly string[]>>;

/** All that is typed in a first installation. */
export const wizard = (different: Partial<Record<keyof typeof usually, readonly string[]>> = {}): readonly string[] =>
  Object.values({ ...usually, ...different }).flat();

/** What is typed before the password, so that a story can end there. */
export const untilPassword: readonly string[] = [
  usually.components,
  usually.fqdn,
  usually.firewall,
  usually.historyDatabase,
  usually.engineDatabase,
].flat();

/** Plays a story on its host. */
export async function play({ before, machine, answers, typed }: Story, catalogue?: Catalogue): Promise<Trial> {
  // Whoever plays it again, in this process, finds everything as it was.
  const given = copyOf(newMachine(machine));
  return install({
    machine: before === undefined ? given : copyOf(await before(given)),
    files: answers === undefined ? [] : [conf(answers)],
    ...(typed === undefined ? {} : { typed }),
    ...(catalogue === undefined ? {} : { catalogue }),
  });
}
