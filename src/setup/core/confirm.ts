import { type Dialog, SetupError, decision, setting } from '#kit';
import type { Answers } from './answers.ts';

/** The final confirmation. It is a setting so that an answer file can give it. */
export const confirmSettings = setting({
  key: 'OVESETUP_DIALOG/confirmSettings',
  section: 'misc',
  kind: decision('OK', 'Cancel'),
  about: 'Confirms the previewed settings, so that an unattended run may go on.',
});

/** Asks for the final confirmation, unless it is given. Throws `cancelled`, or `refused` where nobody can be asked. */
export async function confirm(answers: Answers, dialog: Dialog, yes: boolean): Promise<void> {
  let agreed = yes ? true : answers.find(confirmSettings);
  if (agreed === undefined && !dialog.interactive) {
    throw new SetupError('refused', 'Nobody confirmed the settings', {
      remedy: `Say --yes, or give ${confirmSettings.key} in an answer file.`,
    });
  }
  while (agreed === undefined) {
    const question = {
      name: 'OVESETUP_DIALOG_CONFIRM_SETTINGS',
      text: 'Please confirm installation settings',
      choices: ['OK', 'Cancel'],
      initial: 'OK',
      hidden: false,
    };
    const reply = (await dialog.ask(question)).trim().toLowerCase();
    if (reply === '' || reply === 'ok') agreed = true;
    else if (reply === 'cancel') agreed = false;
    else dialog.log('error', 'Invalid value');
  }
  if (!agreed) throw new SetupError('cancelled', 'Configuration was rejected by user');
  answers.set(confirmSettings, { value: true, origin: { kind: 'asked' } });
}
