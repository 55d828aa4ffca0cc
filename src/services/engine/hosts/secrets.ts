import { seal, unseal } from '../sso/seal.ts';

/** Keeps a secret that a command needs later, in its row: unreadable without the engine's own configuration. */
export interface Secrets {
  seal(text: string): string;
  /** Null for what was sealed with another secret. */
  open(sealed: string): string | null;
}

const purpose = 'parameters of commands';

/** @param secret what only the engine's configuration knows, and nobody can guess */
export const createSecrets = (secret: string): Secrets => ({
  seal: (text) => seal(text, secret, purpose).toString('base64'),
  open: (sealed) => unseal(Buffer.from(sealed, 'base64'), secret, purpose),
});
