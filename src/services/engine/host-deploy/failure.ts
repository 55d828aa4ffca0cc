/** Why a host was not set up, in a plain sentence that says what to do. */
export class DeployFailure extends Error {
  constructor(message: string, options: ErrorOptions = {}) {
    super(message, options);
    this.name = 'DeployFailure';
  }
}
