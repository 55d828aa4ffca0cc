/**
 * Why the agent is not served: it asks for something it may not (400), something stands in the way (409),
 * it cannot be had on this host (501), or it does not work (500).
 */
export class Refusal extends Error {
  readonly status: 400 | 404 | 405 | 409 | 500 | 501;

  constructor(status: Refusal['status'], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'Refusal';
    this.status = status;
  }
}
