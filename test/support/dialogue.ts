import { type Setting, SetupError, textOf } from '#kit';
import { readConf } from '../../src/setup/answers/conf.ts';
import type { Answers } from '../../src/setup/core/answers.ts';
import { postInstallPath } from '../../src/setup/core/record.ts';
import { type Plan, makePlan } from '../../src/setup/core/plan.ts';
import { type Run, prepare, settleAnswers, stepsFor } from '../../src/setup/core/run.ts';
import { type Machine, memoryHost, newMachine } from '../../src/setup/host/memory/index.ts';
import { type NotingDialog, type Reply, english, notingDialog, sourcesOf } from './fakes.ts';
import { testRun } from './run.ts';

/** A password that is neither short nor weak, and easy to find where it must not be. */
export const goodPassword = 'canary-Wort-77';

const keptOn = ({ disk }: Machine): Readonly<Record<string, unknown>> =>
  Object.fromEntries(readConf(textOf(disk.get(postInstallPath)), postInstallPath).statements.map(({ key, value }) => [key, value]));

export interface Dialogue {
  readonly dialog: NotingDialog;
  readonly answers: Answers;
  /** Names of the questions that were put, in their order. */
  readonly asked: readonly string[];
  /** What the settling ended with, if it did not succeed. */
  readonly problems: readonly { readonly id: string; readonly level: string; readonly message: string }[];
  find<T>(setting: Setting<T>): T | undefined;
  /** The plan for these answers, on the same machine. Throws what is wrong with the steps. */
  plan(): Promise<Plan>;
}

/** All questions of the product, on a machine, as far as `settleAnswers` goes: no check of the host, and no step. */
export async function dialogue(on: {
  readonly machine?: Machine;
  /** Whether everything lies below a directory. */
  readonly sandbox?: boolean;
  /** Answers of a file. */
  readonly given?: Readonly<Record<string, unknown>>;
  /** Answers of the installation that is there; by default those of its post-install file. */
  readonly kept?: Readonly<Record<string, unknown>>;
  /** What is typed at a question, one after the other, and the last one ever again; Enter, or a good password, at all others. Without it nobody can be asked. */
  readonly typed?: Readonly<Record<string, Reply | readonly Reply[]>>;
  readonly more?: Partial<Run>;
}): Promise<Dialogue> {
  const { given = {}, typed, sandbox = false } = on;
  const { machine: usual = newMachine() } = on;
  const machine = sandbox ? { ...usual, prefix: '/sandbox' } : usual;
  const { kept = keptOn(machine) } = on;
  const turns = new Map<string, number>();
  const dialog = notingDialog(
    typed === undefined
      ? undefined
      : ({ name, hidden }) => {
          const turn = turns.get(name) ?? 0;
          turns.set(name, turn + 1);
          // A question that is put so often is never answered well.
          if (turn > 9) return undefined;
          const replies = [typed[name] ?? (hidden ? goodPassword : '')].flat() as readonly Reply[];
          return replies[Math.min(turn, replies.length - 1)];
        },
  );
  const host = memoryHost(machine);
  const [first, second] = [sourcesOf(given), sourcesOf(kept, { kind: 'kept', where: 'post.conf:1' })];
  const run = testRun({
    host,
    dialog,
    sources: { find: (key) => first.find(key) ?? second.find(key), keys: () => [...first.keys(), ...second.keys()] },
    ...on.more,
  });
  const preparation = await prepare(run);
  const refusal = await settleAnswers(run, preparation).then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof SetupError) return error;
      throw error;
    },
  );
  return {
    dialog,
    answers: preparation.answers,
    asked: dialog.asked.map(({ name }) => name),
    problems: english(refusal?.problems ?? []) as Dialogue['problems'],
    find: (setting) => preparation.answers.find(setting),
    plan: async () => makePlan(stepsFor(run, preparation), run.host),
  };
}
