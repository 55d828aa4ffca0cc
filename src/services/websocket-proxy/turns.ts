import type { Turn } from './vencrypt.ts';

/**
 * Plays one side of a fixed conversation. `hear` takes whatever arrived and returns what is left for others once the last
 * turn is over, null before. Throws when something else is said than expected.
 */
export function playTurns(turns: readonly Turn[], say: (bytes: Buffer) => void): { readonly hear: (bytes: Buffer) => Buffer | null } {
  let at = 0;
  let heard: Buffer = Buffer.alloc(0);
  const speak = (): void => {
    const turn = turns[at];
    if (turn !== undefined) say(turn.say);
  };
  speak();
  return {
    hear(bytes) {
      heard = heard.length === 0 ? bytes : Buffer.concat([heard, bytes]);
      for (let turn = turns[at]; turn !== undefined; turn = turns[at]) {
        const { length } = turn.hear;
        if (!turn.hear.subarray(0, heard.length).equals(heard.subarray(0, length))) throw new Error('the browser does not speak RFB 3.8');
        if (heard.length < length) return null;
        heard = heard.subarray(length);
        at++;
        speak();
      }
      return heard;
    },
  };
}
