import { type Host, type Problem, type Question, SetupError, type Stop, decision, setting, message } from '#kit';
import type { Answers } from './answers.ts';
import { type Asker, choose } from './asker.ts';

/** The final confirmation. It is a setting so that an answer file can give it. */
export const confirmSettings = setting({
  key: 'OVESETUP_DIALOG/confirmSettings',
  section: 'misc',
  kind: decision('OK', 'Cancel'),
  about: 'Confirms the previewed settings, so that an unattended run may go on.',
});

const question: Omit<Question, 'hidden'> & { readonly initial: string } = {
  name: 'OVESETUP_DIALOG_CONFIRM_SETTINGS',
  key: confirmSettings.key,
  text: 'Please confirm installation settings',
  about: confirmSettings.about,
  choices: ['OK', 'Cancel'],
  initial: 'OK',
};

/** Whether somebody still has to say yes to the preview. */
export const isOpen = (answers: Answers, yes: boolean): boolean => !yes && answers.find(confirmSettings) === undefined;

/** The finding that nobody will confirm an unattended run; undefined if somebody will, or has. */
export function unconfirmed(answers: Answers, asker: Asker, yes: boolean): Problem | undefined {
  if (!isOpen(answers, yes) || asker.acceptDefaults || asker.answers(question.name)) return undefined;
  return {
    id: confirmSettings.key,
    level: 'error',
    message: message`${confirmSettings.key} is not given: nobody confirms the settings`,
    remedy: 'Confirm them beforehand with --yes.',
  };
}

/**
 * Asks for the final confirmation, unless it is given.
 * Throws `cancelled`, or `refused` where nobody can be asked, and GoBack where there is a way back to take.
 */
export async function confirm(answers: Answers, asker: Asker, on: { readonly yes: boolean; readonly back: boolean }): Promise<void> {
  const { yes, back } = on;
  // A No that was written down is heeded, whatever the command line says.
  const given = answers.find(confirmSettings) ?? (yes && asker.preset(question.name) === undefined ? true : undefined);
  const problem = unconfirmed(answers, asker, yes);
  if (problem !== undefined) throw new SetupError('refused', 'Nobody confirmed the settings', { problems: [problem] });
  const agreed = given ?? (await choose(asker, { ...question, back })) === 'OK';
  if (!agreed) throw new SetupError('cancelled', 'Configuration was rejected by user');
  answers.set(confirmSettings, { value: true, origin: { kind: 'asked' } });
}

/** Asks before units that people use are stopped. Throws `cancelled` if they may not be. */
export async function agreeToStop(stops: readonly Stop[], answers: Answers, asker: Asker, host: Host): Promise<void> {
  for (const { unit, consent } of stops) {
    if (consent === undefined || !(await host.services.isActive(unit))) continue;
    const { name, text, setting } = consent;
    const stop = { name, key: setting.key, text, about: setting.about, choices: ['OK', 'Cancel'], initial: 'OK' };
    // Nobody to ask: what Enter would say.
    const agreed = answers.find(setting) ?? (asker.answers(name) ? (await choose(asker, stop)) === 'OK' : true);
    if (!agreed) throw new SetupError('cancelled', 'The service may not be stopped, so nothing was changed');
    answers.set(setting, { value: true, origin: { kind: 'asked' } });
  }
}
