import { type Dialog, SetupError, decision, setting } from '#kit';
import type { Answers } from './answers.ts';
import { choose } from './choose.ts';

/** The final confirmation. It is a setting so that an answer file can give it. */
export const confirmSettings = setting({
  key: 'OVESETUP_DIALOG/confirmSettings',
  section: 'misc',
  kind: decision('OK', 'Cancel'),
  about: 'Confirms the previewed settings, so that an unattended run may go on.',
});

/** Asks for the final confirmation, unless it is given. Throws `cancelled`, or `refused` where nobody can be asked. */
export async function confirm(answers: Answers, dialog: Dialog, yes: boolean): Promise<void> {
  const given = yes ? true : answers.find(confirmSettings);
  if (given === undefined && !dialog.interactive) {
    throw new SetupError('refused', 'Nobody confirmed the settings', {
      remedy: `Say --yes, or give ${confirmSettings.key} in an answer file.`,
    });
  }
  const question = {
    name: 'OVESETUP_DIALOG_CONFIRM_SETTINGS',
    text: 'Please confirm installation settings',
    choices: ['OK', 'Cancel'],
    initial: 'OK',
  };
  const agreed = given ?? (await choose(dialog, question)) === 'OK';
  if (!agreed) throw new SetupError('cancelled', 'Configuration was rejected by user');
  answers.set(confirmSettings, { value: true, origin: { kind: 'asked' } });
}
