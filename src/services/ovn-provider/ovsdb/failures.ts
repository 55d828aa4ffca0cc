/** The database cannot be asked: nobody answers, or the connection broke. */
export class OvnUnavailable extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'OvnUnavailable';
  }
}

/** The database has not answered in time. */
export class OvnTimeout extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'OvnTimeout';
  }
}

/** The database has answered that it does not do it; nothing was changed. */
export class OvnRefused extends Error {
  /** The word of RFC 7047 for it: 'constraint violation'. */
  readonly reason: string;

  constructor(reason: string, details: string) {
    super(details === '' ? reason : `${reason}: ${details}`);
    this.name = 'OvnRefused';
    this.reason = reason;
  }
}
