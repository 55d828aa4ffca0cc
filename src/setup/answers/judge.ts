import { type Kind, type Message, type Text, message, textOfError } from '#kit';
import type { Meaning } from './meaning.ts';
import { originalOfReply, originalOfValue } from './original.ts';

/** What one statement comes to by itself, without the others. */
export interface Judgement {
  readonly status: 'used' | 'renamed' | 'no-effect' | 'unknown' | 'bad-value';
  /** The setting it counts for, where that is not the key itself. */
  readonly setting?: string;
  /** As it is shown elsewhere; `(hidden)` for a secret. */
  readonly value?: string;
  /** What would be accepted instead. */
  readonly expected?: Text;
  /** Why it has no effect, when it has one, or why it cannot be read. */
  readonly reason?: Text;
  /** What the original engine-setup makes of it, where that is something else. */
  readonly original?: Text;
}

type Reply = Extract<Meaning, { of: 'question' }>;

const hidden = '(hidden)';

/** Nobody reads more of a value than this. */
const longest = 200;
const shortened = (text: string): string => (text.length <= longest ? text : `${text.slice(0, longest)}…`);

/** YAML and typed values have numbers that are not written as they are read: 0123 is 123. A secret must not change on its way. */
const unquoted: Judgement = { status: 'bad-value', expected: 'a secret is a text: put it in quotes, or behind str: in a classic file' };
const isUnquoted = (raw: unknown, secret: boolean): boolean => secret && (typeof raw === 'number' || typeof raw === 'boolean');

/** A text that may repeat a secret, with that left out. The sentence of a message holds no data, its arguments may. */
function withoutSecret(expected: Text, secret: string): Text {
  const cleaned = (text: Message): Message => ({
    id: text.id,
    args: text.args.map((arg) => {
      if (typeof arg === 'string') return arg.replaceAll(secret, hidden);
      return typeof arg === 'object' && 'id' in arg ? cleaned(arg) : arg;
    }),
  });
  return typeof expected === 'string' ? expected.replaceAll(secret, hidden) : cleaned(expected);
}

/** A value as the kind of a setting takes it. */
function judged(kind: Kind<unknown>, raw: unknown, secret: boolean): Judgement {
  try {
    const shown = kind.format(kind.parse(raw));
    return { status: 'used', value: secret ? hidden : shortened(shown) };
  } catch (error) {
    const expected = textOfError(error);
    return { status: 'bad-value', expected: secret && typeof raw === 'string' && raw !== '' ? withoutSecret(expected, raw) : expected };
  }
}

/** When the reply to a question is used; undefined: the first time it is asked. */
function turnOf({ turn, setting }: Reply): Text | undefined {
  if (turn === 1) return undefined;
  if (setting?.ask?.confirm === undefined) return message`is used if the question is asked ${turn} times`;
  return turn === 2 ? 'confirms the first entry' : 'is used if the two entries before it do not match';
}

/** The reply to a question, which is read like a typed one. */
function judgedReply(meaning: Reply, raw: unknown): Judgement {
  const { kind, setting } = meaning;
  const secret = setting?.secret === true;
  const typed = typeof raw === 'boolean' ? (raw ? 'yes' : 'no') : String(raw);
  const reason = turnOf(meaning);
  const original = originalOfReply(kind, raw);
  const counts = setting === undefined ? {} : { setting: setting.key };
  if (typed === '') return { status: 'used', ...counts, reason: 'takes the default' };
  if (isUnquoted(raw, secret)) return { ...unquoted, ...counts };
  return {
    ...judged(kind, secret ? typed : typed.trim(), secret),
    ...counts,
    ...(reason === undefined ? {} : { reason }),
    ...(original === undefined ? {} : { original }),
  };
}

/** What a value comes to under the meaning of its key. Pure: what only the host can tell is not looked at. */
export function judge(meaning: Meaning, value: unknown): Judgement {
  if (meaning.of === 'nothing') return { status: 'no-effect', reason: meaning.reason };
  if (meaning.of === 'unknown') return { status: 'unknown' };
  const renamed: Partial<Judgement> =
    meaning.of === 'setting' && meaning.renamed ? { status: 'renamed', setting: meaning.setting.key } : {};
  if (value === undefined) return { status: 'used', reason: 'none counts as not given', ...renamed };
  if (meaning.of === 'question') return judgedReply(meaning, value);
  const { key, kind, secret = false } = meaning.setting;
  const judgement = isUnquoted(value, secret) ? unquoted : judged(kind, value, secret);
  const original = originalOfValue(key, kind, value);
  return {
    ...judgement,
    ...renamed,
    ...(judgement.status === 'bad-value' ? { status: 'bad-value' } : {}),
    ...(original === undefined ? {} : { original }),
  };
}
