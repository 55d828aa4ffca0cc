import type { Press } from './keys.ts';

/** One line that is being typed. */
export interface Editor {
  readonly text: string;
  /** Where the cursor stands, in UTF-16 units. */
  readonly cursor: number;
  /** Puts another text into the line. */
  set(text: string): void;
  /** Does what a key does to the line; keys that mean nothing here do nothing. */
  press(press: Press): Promise<void>;
}

/** What is used of an Input prompt of enquirer; its own declarations leave this out. */
interface Input {
  input: string;
  cursor: number;
  keypress(text: string | undefined, key: Press['key']): Promise<void>;
}

/** What keys do, by the names of enquirer's methods. Names of letters are those of keys held down with Ctrl. */
const actions = {
  ctrl: {
    a: 'first',
    b: 'left',
    d: 'deleteForward',
    e: 'last',
    f: 'right',
    h: 'delete',
    k: 'cutForward',
    u: 'cutAll',
    w: 'cutLeft',
    y: 'paste',
  },
  shift: {},
  option: {},
  keys: { backspace: 'delete', delete: 'deleteForward', end: 'last', home: 'first', left: 'left', right: 'right' },
};
const named = new Set(Object.keys(actions.keys));
const controlled = new Set(Object.keys(actions.ctrl));

/** Whether a key means something to the line: a character, or one of those above. */
const means = ({ text, key }: Press): boolean =>
  key.meta === true
    ? false
    : key.ctrl === true
      ? controlled.has(key.name ?? '')
      : named.has(key.name ?? '') || (text !== undefined && !/\p{Cc}/u.test(text));

/** Whether the cursor, or what was deleted last, has parted the two halves of a character. */
const parted = ({ input, cursor }: Input): boolean => !input.isWellFormed() || !input.slice(0, cursor).isWellFormed();

/**
 * An empty line. Enquirer edits it; it neither reads keys nor draws here (docs/decisions/0008 says why).
 */
export async function newEditor(): Promise<Editor> {
  const { default: enquirer } = await import('enquirer');
  const { Input } = enquirer as unknown as { readonly Input: new (options: object) => Input };
  const nothing = (): void => undefined;
  const line = new Input({
    name: 'line',
    message: '',
    actions,
    render: nothing,
    alert: nothing,
    cutAll(this: Input) {
      this.input = '';
      this.cursor = 0;
    },
    // The method of this name stops before the last character.
    last(this: Input) {
      this.cursor = this.input.length;
    },
  });
  return {
    get text() {
      return line.input;
    },
    get cursor() {
      return line.cursor;
    },
    set(text) {
      line.input = text;
      line.cursor = text.length;
    },
    async press(press) {
      if (!means(press)) return;
      await line.keypress(press.text, press.key);
      // Enquirer counts halves: the same key once more finishes the character.
      if (parted(line)) await line.keypress(press.text, press.key);
    },
  };
}
