import { SetupError, type Section, type Sources } from '#kit';
import { expect } from 'vitest';
import { type Answer, type AnySetting, newAnswers } from '../../src/setup/core/answers.ts';
import { type WayBack, settle } from '../../src/setup/core/ask.ts';
import { newAsker } from '../../src/setup/core/asker.ts';
import { memoryHost, newMachine } from '../../src/setup/host/memory/index.ts';
import { type NotingDialog, english, notingDialog, sourcesOf } from './fakes.ts';

export interface Interview {
  readonly dialog: NotingDialog;
  /** Secrets, as they became known. */
  readonly hidden: readonly string[];
  /** Names of the questions that were put, in their order. */
  names(): readonly string[];
  answer(key: string): Answer | undefined;
  value(key: string): unknown;
  settle(): Promise<WayBack>;
  /** The problems that the settling ends with, in English. */
  problems(): Promise<readonly { readonly id: string; readonly message: string }[]>;
}

/** Prepares the settling of some settings; nothing is asked before `settle` or `problems` is called. */
export function interview(
  settings: readonly AnySetting[],
  on: {
    /** What is typed; without it nobody can be asked. */
    readonly replies?: Parameters<typeof notingDialog>[0];
    readonly patient?: boolean;
    readonly sources?: Sources;
    readonly allowed?: readonly string[];
    readonly acceptDefaults?: boolean;
    readonly reconfigureOptional?: boolean;
    readonly titled?: readonly Section[];
  } = {},
): Interview {
  const { sources = sourcesOf({}), acceptDefaults = false, reconfigureOptional = false } = on;
  const dialog = notingDialog(on.replies, { patient: on.patient ?? true });
  const hidden: string[] = [];
  const hide = (secret: string): void => void hidden.push(secret);
  const answers = newAnswers(new Map(), sources);
  const asker = newAsker({ dialog, sources, acceptDefaults, hide });
  const answer = (key: string): Answer | undefined => [...answers.all].find(([one]) => one.key === key)?.[1];
  const start = (): Promise<WayBack> =>
    settle(
      settings,
      {
        answers,
        asker,
        find: (key) => sources.find(key),
        host: memoryHost(newMachine()),
        allowed: new Set(on.allowed),
        reconfigureOptional,
        hide,
      },
      on.titled,
    );
  return {
    dialog,
    hidden,
    names: () => dialog.asked.map(({ name }) => name),
    answer,
    value: (key) => answer(key)?.value,
    settle: start,
    async problems() {
      const error: unknown = await start().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(SetupError);
      expect(error).toMatchObject({ code: 'refused' });
      return english((error as SetupError).problems) as readonly { id: string; message: string }[];
    },
  };
}
