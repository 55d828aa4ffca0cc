import type { Client } from 'pg';

/**
 * The server asks for the password itself, or for its MD5, which is as good: whoever listens in place of the server would know it then.
 * With SCRAM the password stays here, and the server has to prove that it knows it, too.
 */
class PasswordWouldLeak extends Error {
  readonly code = 'EPASSWORDLEAK';
  constructor() {
    super('the server asks for the password in a way that would give it away; it has to ask by scram-sha-256');
    this.name = 'PasswordWouldLeak';
  }
}

interface Connection {
  readonly connection: { readonly stream: { destroy(error: Error): void } };
}

/** A client that proves its password by SCRAM, and breaks the connection when the server asks for it in another way. */
export const scramOnly = (Base: typeof Client): typeof Client =>
  class extends Base {
    // The driver calls these two for the two other ways.
    _handleAuthCleartextPassword(): void {
      (this as unknown as Connection).connection.stream.destroy(new PasswordWouldLeak());
    }
    _handleAuthMD5Password(): void {
      this._handleAuthCleartextPassword();
    }
  };
