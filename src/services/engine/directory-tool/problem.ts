/** Something the person at the keyboard can mend. */
export class Problem extends Error {
  /** 2 for how the tool was called, 1 for what it found. */
  readonly code: 1 | 2;

  constructor(message: string, code: 1 | 2 = 1) {
    super(message);
    this.name = 'Problem';
    this.code = code;
  }
}

export const misuse = (message: string): Problem => new Problem(message, 2);
