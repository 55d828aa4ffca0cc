/** Replaces secrets in text before it is written anywhere. */
export interface Mask {
  /** From now on this text is hidden, also in its URL-encoded, JSON-escaped and base64 forms. */
  add(secret: string): void;
  apply(text: string): string;
}

const replacement = '**FILTERED**';

/**
 * An empty mask. Texts of fewer than four characters are not hidden: they would hide the rest of the language with them.
 * @param words whether small plain words are hidden too. On a screen that would turn our own sentences into riddles, and tell
 * which word it is; the dialog never prints a secret anyway. In a log nobody minds.
 */
export function newMask({ words }: { readonly words: boolean }): Mask {
  let forms: readonly string[] = [];
  return {
    add(secret) {
      if (secret.length < 4 || (!words && /^[a-z]{1,11}$/.test(secret))) return;
      const more = [
        secret,
        encodeURIComponent(secret.toWellFormed()),
        new URLSearchParams({ v: secret }).toString().slice(2),
        JSON.stringify(secret).slice(1, -1),
        // Padding may be there or not.
        Buffer.from(secret).toString('base64').replace(/=+$/, ''),
        Buffer.from(secret).toString('base64url'),
      ];
      forms = [...new Set([...forms, ...more])];
    },
    apply(text) {
      const found: [from: number, to: number][] = [];
      for (const form of forms)
        for (let at = text.indexOf(form); at >= 0; at = text.indexOf(form, at + 1)) found.push([at, at + form.length]);
      found.sort(([a], [b]) => a - b);
      let masked = '';
      let done = 0;
      let until = 0;
      for (const [from, to] of found) {
        // Where secrets overlap, nothing of either may stay: they are hidden as one.
        if (from >= until) {
          masked += text.slice(done, from) + replacement;
          until = to;
        } else until = Math.max(until, to);
        done = until;
      }
      return masked + text.slice(done);
    },
  };
}
