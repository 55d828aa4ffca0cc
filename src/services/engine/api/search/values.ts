/** Values of a statement, in the order of their places. */
export class Values {
  readonly all: unknown[] = [];

  /** Takes a value in and returns its place: `$3`. */
  add(value: unknown): string {
    this.all.push(value);
    return `$${this.all.length}`;
  }
}
