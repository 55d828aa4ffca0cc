import type { Catalogue, Question } from '#kit';
import { cancelled } from './cancelled.ts';
import { cellsOf, rowsOf } from './cells.ts';
import { choiceOf, neighbour } from './choices.ts';
import { type Editor, newEditor } from './editor.ts';
import { hint } from './explanation.ts';
import type { NextPress } from './keys.ts';
import type { Layout } from './layout.ts';
import type { LiveArea, Position } from './live-area.ts';
import { visible } from './visible.ts';
import { shownAnswer, shownInitial } from './wording.ts';

/** Where lines are typed. */
export interface Prompt {
  /**
   * One line, as it was typed.
   * @param text what stands in front of it
   */
  line(question: Question, text: string, next: NextPress): Promise<string>;
  /** Draws again what is being asked, if anything is. */
  redraw(): void;
}

/** A prompt with what was typed behind it, cut into rows, and where the cursor stands between the two parts of it. */
function drawing(prompt: string, before: string, after: string, width: number): { rows: readonly string[]; cursor: Position } {
  const lines = prompt.split('\n');
  const open = lines.pop() ?? '';
  const untilCursor = rowsOf(open + before, width);
  return {
    rows: [...lines, ...rowsOf(open + before + after, width)],
    cursor: { row: lines.length + untilCursor.length - 1, column: cellsOf(untilCursor.at(-1) ?? '') },
  };
}

/** Takes keys until the line is done: those that leave, those that bring up what is offered, and those that edit. */
async function fill(question: Question, editor: Editor, next: NextPress, catalogue: Catalogue, draw: () => void): Promise<void> {
  const closed = question.choices.length > 0;
  for (;;) {
    draw();
    const press = await next();
    const { name, ctrl } = press.key;
    if (name === 'return' || name === 'enter') return;
    if (ctrl === true && name === 'c') throw cancelled('Ctrl-C');
    if (ctrl === true && name === 'd' && editor.text === '') throw cancelled('Ctrl-D');
    if (closed && name === 'up') editor.set(neighbour(editor.text, -1, question, catalogue));
    else if (closed && (name === 'down' || name === 'tab')) editor.set(neighbour(editor.text, 1, question, catalogue));
    else if (name === 'tab' && editor.text === '') editor.set(shownInitial(question, catalogue) ?? '');
    else await editor.press(press);
  }
}

/** What stays on the screen behind the prompt: the answer in full, where it is one. */
function settled(typed: string, question: Question, catalogue: Catalogue): string {
  if (typed === '') return shownInitial(question, catalogue) ?? '';
  const meant = question.choices.length === 0 ? undefined : choiceOf(typed, question, catalogue);
  return meant !== undefined && 'choice' in meant ? shownAnswer(meant.choice, question, catalogue) : typed;
}

/** Lines that are typed in the area: edited, with what can be done written below, and nothing at all of hidden ones. */
export function newPrompt(on: { area: LiveArea; layout: Layout; catalogue: Catalogue }): Prompt {
  const { area, layout, catalogue } = on;
  const muted = (text: string): string => (area.above.colour ? `\u001b[2m${text}\u001b[0m` : text);
  const idle = (): void => undefined;
  let redraw: () => void = idle;
  return {
    redraw: () => redraw(),
    async line(question, text, next) {
      const editor = await newEditor();
      const draw = (below: readonly string[]): void => {
        const [before, after] = [editor.text.slice(0, editor.cursor), editor.text.slice(editor.cursor)];
        const seen = question.hidden ? (['', ''] as const) : ([visible(before), visible(after)] as const);
        const { rows, cursor } = drawing(layout.note(text), ...seen, area.width());
        area.draw([...rows, ...below.map(muted)], cursor);
      };
      redraw = () => draw(layout.note(hint(question, catalogue)).split('\n'));
      try {
        await fill(question, editor, next, catalogue, redraw);
        const typed = editor.text;
        editor.set(settled(typed, question, catalogue));
        return typed;
      } finally {
        redraw = idle;
        draw([]);
        area.leave();
      }
    },
  };
}
