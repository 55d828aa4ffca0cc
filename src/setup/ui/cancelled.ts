import { SetupError, type Text, message, term } from '#kit';

/** The user has left the dialog. `how`: 'Ctrl-C' */
export const cancelled = (how: Text): SetupError => new SetupError('cancelled', message`Cancelled with ${term(how)}`);
