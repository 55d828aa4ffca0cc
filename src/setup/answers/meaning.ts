import { type Kind, type Setting, type Text, choice } from '#kit';
import { waivable, whyNoEffect, whyNotAsked } from './known.ts';

/** What answers have to know of a setting. */
export type Answerable = Pick<Setting<unknown>, 'key' | 'formerly' | 'secret' | 'ask' | 'kind'>;

/** What a key of an answer file stands for. */
export type Meaning =
  /** The value of a setting, under its own key or a former one. */
  | { readonly of: 'setting'; readonly setting: Answerable; readonly renamed: boolean }
  /** The reply to a question in one of its turns: that of a setting, or one about a doubt. */
  | { readonly of: 'question'; readonly name: string; readonly turn: number; readonly setting?: Answerable; readonly kind: Kind<unknown> }
  | { readonly of: 'nothing'; readonly reason: Text }
  | { readonly of: 'unknown' };

const yesOrNo = choice('Yes', 'No');
const okOrCancel = choice('OK', 'Cancel');

/** Questions that belong to no setting: doubts that can be accepted, and the confirmation. A doubt about the host has the name of its check. */
export const questionsWithoutSetting: ReadonlyMap<string, Kind<unknown>> = new Map<string, Kind<unknown>>([
  ['OVESETUP_DIALOG_CONFIRM_SETTINGS', okOrCancel],
  ['OVESETUP_CORE_ENGINE_STOP', okOrCancel],
  ['OVESETUP_CONFIG_WEAK_ENGINE_PASSWORD', yesOrNo],
  ['OVESETUP_DWH_VERIFY_NO_BACKUP', yesOrNo],
  ['OVESETUP_MEMCHECK_ENABLED', yesOrNo],
  ['OVESETUP_SYSTEM_SYSCTL_SHMEM', yesOrNo],
  ...waivable.map((id) => [id, yesOrNo] as const),
]);

/** The name and the turn in `QUESTION/<n>/<name>`. */
export function questionIn(key: string): { readonly turn: number; readonly name: string } | undefined {
  const [, turn, name] = /^QUESTION\/([1-9]\d{0,8})\/(.+)$/.exec(key) ?? [];
  return name === undefined ? undefined : { turn: Number(turn), name };
}

/** Tells what keys stand for. A setting always wins over the table of what has no effect. */
export function meanings(settings: readonly Answerable[]): (key: string) => Meaning {
  const byKey = new Map<string, Meaning>();
  for (const setting of settings) for (const key of setting.formerly ?? []) byKey.set(key, { of: 'setting', setting, renamed: true });
  // Where a former key is in use again, the setting of that key counts.
  for (const setting of settings) byKey.set(setting.key, { of: 'setting', setting, renamed: false });
  const byQuestion = new Map(settings.flatMap((setting) => (setting.ask === undefined ? [] : [[setting.ask.name, setting] as const])));

  const ofQuestion = (turn: number, name: string): Meaning => {
    const setting = byQuestion.get(name);
    if (setting !== undefined) return { of: 'question', name, turn, setting, kind: setting.kind };
    const kind = questionsWithoutSetting.get(name);
    if (kind !== undefined) return { of: 'question', name, turn, kind };
    const reason = whyNotAsked(name);
    return reason === undefined ? { of: 'unknown' } : { of: 'nothing', reason };
  };

  return (key) => {
    const known = byKey.get(key);
    if (known !== undefined) return known;
    const question = questionIn(key);
    if (question !== undefined) return ofQuestion(question.turn, question.name);
    const reason = whyNoEffect(key);
    return reason === undefined ? { of: 'unknown' } : { of: 'nothing', reason };
  };
}

/** All names that somebody may have meant by an unknown key. */
export const namesAmong = (settings: readonly Answerable[]): readonly string[] => [
  ...settings.map(({ key }) => key),
  ...settings.flatMap(({ ask }) => (ask === undefined ? [] : [`QUESTION/1/${ask.name}`])),
  ...[...questionsWithoutSetting.keys()].map((name) => `QUESTION/1/${name}`),
];

/** Whether the value of a key is a secret: of settings the declaration says so, of all other keys the name does, misspelt ones too. */
export function secrecy(settings: readonly Answerable[]): (key: string) => boolean {
  const keysOf = ({ key, formerly, ask }: Answerable): readonly string[] => [
    key,
    ...(formerly ?? []),
    ...(ask === undefined ? [] : [ask.name]),
  ];
  const declared = new Map(settings.flatMap((setting) => keysOf(setting).map((key) => [key, setting.secret === true] as const)));
  return (key) => declared.get(questionIn(key)?.name ?? key) ?? /pas+w|secret/i.test(key.slice(key.lastIndexOf('/')));
}
