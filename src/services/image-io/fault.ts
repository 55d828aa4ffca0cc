/** Why a request is not served. The text goes to whoever has asked: it says what was wrong, and never what lies where on this machine. */
export class Fault extends Error {
  readonly status: number;
  /** Of the answer. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    message: string,
    more: { readonly headers?: Readonly<Record<string, string>>; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: more.cause });
    this.name = 'Fault';
    this.status = status;
    this.headers = more.headers ?? {};
  }
}
