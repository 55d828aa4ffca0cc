/** What hooks of a file have made for its tests. Throws where it is asked for before or after them, as while a file is only read. */
export function there<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('it is there only while tests run');
  return value;
}
