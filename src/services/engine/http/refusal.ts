/** A request that is refused on purpose. The message is shown to the client, so it holds no secret and no input. */
export class Refusal extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.name = 'Refusal';
    this.status = status;
    this.headers = headers;
  }
}

/** Something is malformed about the request. */
export const badRequest = (message: string): Refusal => new Refusal(400, message);

/** There is nothing at this address. */
export const notFound = (): Refusal => new Refusal(404, 'There is nothing at this address.');
