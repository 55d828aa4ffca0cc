/** Every step looks at the same few files again and again: what was made of a text is kept, the last of them. */
export function remembering<T>(make: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    const fresh = make(text);
    known.set(text, fresh);
    const [oldest] = known.keys();
    if (known.size > 32 && oldest !== undefined) known.delete(oldest);
    return fresh;
  };
}
