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
        encodeURIComponent(secret),
        new URLSearchParams({ v: secret }).toString().slice(2),
        JSON.stringify(secret).slice(1, -1),
        Buffer.from(secret).toString('base64'),
      ];
      // The longest first, so that a secret inside another one does not leave the rest of it standing.
      forms = [...new Set([...forms, ...more])].sort((a, b) => b.length - a.length);
    },
    apply: (text) => forms.reduce((masked, form) => masked.replaceAll(form, replacement), text),
  };
}
