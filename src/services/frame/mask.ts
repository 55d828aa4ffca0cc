/** Replaces registered secrets in text by asterisks. */
export interface Mask {
  /** From now on this secret is replaced, as it stands and in the encodings it may appear in. */
  hide(secret: string): void;
  apply(text: string): string;
}

const asterisks = '********';

/** Makes a mask that hides nothing yet. */
export function createMask(): Mask {
  const forms = new Set<string>();
  let longestFirst: string[] = [];
  return {
    hide(secret) {
      for (const form of encodings(secret)) if (form !== '') forms.add(form);
      // One secret may be part of another: the longer one must go first, or its rest would stay readable.
      longestFirst = [...forms].sort((a, b) => b.length - a.length);
    },
    apply: (text) => longestFirst.reduce((rest, form) => rest.replaceAll(form, asterisks), text),
  };
}

function encodings(secret: string): string[] {
  const wellFormed = secret.toWellFormed();
  const percent = encodeURIComponent(wellFormed);
  return [
    secret,
    percent,
    percent.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    new URLSearchParams([['', wellFormed]]).toString().slice(1),
    JSON.stringify(secret).slice(1, -1),
  ];
}
