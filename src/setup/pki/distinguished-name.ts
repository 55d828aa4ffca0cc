/** The parts of a subject that we use, in the order they are written. */
export interface Subject {
  /** Two letters. */
  readonly country: string;
  /** At most 64 characters (X.520). */
  readonly organization: string;
  /** At most 64 characters (X.520); longer host names stand complete in the alternative names. */
  readonly commonName: string;
}
