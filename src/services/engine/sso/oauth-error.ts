import { isPlainApi } from './scopes.ts';

export type OAuthCode =
  | 'access_denied'
  | 'insufficient_scope'
  | 'invalid_grant'
  | 'invalid_request'
  | 'invalid_scope'
  | 'invalid_token'
  | 'login_required'
  | 'not_authenticated'
  | 'server_error'
  | 'temporarily_unavailable'
  | 'unauthorized_client'
  | 'unsupported_grant_type';

/** A refusal of one of the OAuth end points. The message goes to the client. */
export class OAuthError extends Error {
  readonly code: OAuthCode;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: OAuthCode, message: string, status = 400, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.name = 'OAuthError';
    this.code = code;
    this.status = status;
    this.headers = headers;
  }
}

/** The body of an error: clients of the plain API look for other names than the standard's. */
export const oauthErrorBody = (code: OAuthCode, message: string, scopes: readonly string[]): Readonly<Record<string, string>> =>
  isPlainApi(scopes) ? { error_code: code, error: message } : { error: code, error_description: message };
