/** A map that forgets what nobody has set for a while. */
export interface AgingMap<Value> {
  get(key: string): Value | undefined;
  set(key: string, value: Value): void;
  delete(key: string): void;
  /** Time has passed: what was not set since this was called last is forgotten. */
  age(): void;
}

export function createAgingMap<Value>(): AgingMap<Value> {
  let young = new Map<string, Value>();
  let old = new Map<string, Value>();
  return {
    get: (key) => young.get(key) ?? old.get(key),
    set(key, value) {
      young.set(key, value);
      old.delete(key);
    },
    delete(key) {
      young.delete(key);
      old.delete(key);
    },
    age() {
      old = young;
      young = new Map();
    },
  };
}
