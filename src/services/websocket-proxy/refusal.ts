/** Why a console is not opened. The message goes to the log; whoever asked learns the status alone. */
export class Refusal extends Error {
  readonly status: 400 | 403 | 502 | 503 | 504;

  constructor(status: Refusal['status'], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'Refusal';
    this.status = status;
  }
}
