import type { Dialog, Text } from '#kit';

/** A dialog that knows sections. */
export interface SectionedDialog extends Dialog {
  /** Begins a section. Its title waits for the first thing that is said below it; a section in which nothing is said has none. */
  section(title: Text): void;
}

/** The same dialog, for whoever walks through sections of which some may stay empty. */
export function sectioned(dialog: Dialog): SectionedDialog {
  let waiting: Text | undefined;
  const begin = (): void => {
    if (waiting !== undefined) dialog.title(waiting);
    waiting = undefined;
  };
  return {
    ...dialog,
    section: (title) => void (waiting = title),
    title(text) {
      waiting = undefined;
      dialog.title(text);
    },
    note(text) {
      begin();
      dialog.note(text);
    },
    log(level, text) {
      begin();
      dialog.log(level, text);
    },
    ask(question) {
      begin();
      return dialog.ask(question);
    },
    provided(question, answer) {
      begin();
      dialog.provided(question, answer);
    },
  };
}
