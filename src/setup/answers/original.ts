import { type Kind, type Text, message } from '#kit';

/*
 * What the original engine-setup makes of a value that it has read without complaint. It judges few values of files: it
 * takes texts for what they are, and any text that is not empty for true. Only with those of a connection it connects.
 */

const isOfConnection = (key: string): boolean => /^OVESETUP_(DWH_)?DB\//.test(key);

const attempt = (kind: Kind<unknown>, raw: unknown): { readonly value?: unknown } => {
  try {
    return { value: kind.parse(raw) };
  } catch {
    return {};
  }
};

/** Whether a kind is that of decisions, which are stored as true and false. */
const isDecision = (kind: Kind<unknown>): boolean => kind.choices?.length === 2 && attempt(kind, kind.choices[0]).value === true;

/**
 * What the original makes of the value of a key, where that is something else than what the kind makes of it.
 * @param key of the setting
 * @param raw as it stands in a classic file
 */
export function originalOfValue(key: string, kind: Kind<unknown>, raw: unknown): Text | undefined {
  const { value } = attempt(kind, raw);
  if (typeof raw === 'boolean' && value === raw) return undefined;
  if (isDecision(kind)) {
    const original = Boolean(raw);
    return original === value ? undefined : message`takes it for ${original ? 'True' : 'False'}`;
  }
  // A list that is taken is a copy.
  if (value === raw || (Array.isArray(raw) && value !== undefined)) return undefined;
  return isOfConnection(key) ? 'keeps it as it stands, and tries to connect with it' : 'keeps it as it stands, unchecked';
}

/**
 * What the original makes of the reply to a question, where that is something else. Between two words it only looks whether
 * the reply is the second one in small letters; all other replies it takes as they stand.
 */
export function originalOfReply(kind: Kind<unknown>, raw: unknown): Text | undefined {
  const { choices = [] } = kind;
  const { value } = attempt(kind, typeof raw === 'boolean' ? (raw ? 'yes' : 'no') : raw);
  if (choices.length !== 2 || choices.some((choice) => /\d/.test(choice)))
    return value === raw ? undefined : 'keeps it as it stands, unchecked';
  const original = raw === choices[1]?.toLowerCase() ? choices[1] : choices[0];
  return value !== undefined && kind.format(value) === original ? undefined : message`takes it for ${original ?? ''}`;
}
