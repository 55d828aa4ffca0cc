import { type Message, inEnglish } from '../kit/text.ts';

const isMessage = (value: unknown): value is Message =>
  typeof value === 'object' && value !== null && 'id' in value && 'args' in value && Array.isArray(value.args);

/** A document as `--json` prints it: programs read it, so its texts are English in every language. */
export const documentText = (document: unknown): string =>
  `${JSON.stringify(document, (_key, value: unknown) => (isMessage(value) ? inEnglish(value) : value), 2)}\n`;
