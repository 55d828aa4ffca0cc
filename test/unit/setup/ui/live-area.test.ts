import { array, assert, constant, oneof, property, record, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type LiveArea, newLiveArea } from '../../../../src/setup/ui/live-area.ts';

/** As much of a terminal as is needed here: endless, and with the few codes that the area uses. Others are an error. */
function newTerminal() {
  const lines: string[] = [''];
  let row = 0;
  let column = 0;
  const codes: Readonly<Record<string, (count: number) => void>> = {
    A: (count) => (row -= count),
    C: (count) => (column += count),
    K: () => (lines[row] = (lines[row] ?? '').slice(0, column)),
    J: () => {
      lines.length = row + 1;
      lines[row] = (lines[row] ?? '').slice(0, column);
    },
  };
  return {
    write(text: string) {
      // eslint-disable-next-line no-control-regex -- it is what codes begin with
      for (const [part, count, code] of text.matchAll(/\u001b\[(\d*)([A-Z])|[^]/g)) {
        if (code !== undefined) codes[code]!(count === '' ? 1 : Number(count));
        else if (part === '\r') column = 0;
        else if (part === '\n') {
          row += 1;
          column = 0;
          lines[row] ??= '';
        } else {
          lines[row] = (lines[row] ?? '').slice(0, column).padEnd(column) + part + (lines[row] ?? '').slice(column + 1);
          column += 1;
        }
      }
      expect(row).toBeGreaterThanOrEqual(0);
    },
    text: () => lines.join('\n'),
    cursor: () => ({ row, column }),
  };
}

function area(size: { columns?: number; rows?: number } = { columns: 20, rows: 10 }) {
  const terminal = newTerminal();
  const made: LiveArea = newLiveArea({ colour: false, write: terminal.write }, size);
  return { area: made, terminal };
}

describe('the live area', () => {
  test('is drawn in place, with the cursor where it is wanted', () => {
    const { area: on, terminal } = area();
    on.above.write('line\n');
    on.draw(['first', 'second', 'third'], { row: 1, column: 2 });
    on.draw(['one', 'two'], { row: 0, column: 3 });
    expect(terminal.text()).toBe('line\none\ntwo');
    expect(terminal.cursor()).toEqual({ row: 1, column: 3 });
  });

  test('stands below what is written meanwhile', () => {
    const { area: on, terminal } = area();
    on.draw(['area', 'of two']);
    on.above.write('said\n');
    on.above.write('and said\n');
    expect(terminal.text()).toBe('said\nand said\narea\nof two');
  });

  test('is gone when it is cleared, and stays when it is left', () => {
    const { area: on, terminal } = area();
    on.draw(['gone', 'gone too'], { row: 0, column: 0 });
    on.clear();
    on.draw(['stays', 'stays too'], { row: 0, column: 0 });
    on.leave();
    on.above.write('below\n');
    expect(terminal.text()).toBe('stays\nstays too\nbelow\n');
  });

  test('shows what is around the cursor where there are too few rows', () => {
    const rows = ['0', '1', '2', '3', '4', '5'];
    for (const [row, wanted] of [
      [0, '0\n1\n2'],
      [3, '1\n2\n3'],
      [5, '3\n4\n5'],
    ] as const) {
      const { area: on, terminal } = area({ columns: 20, rows: 4 });
      on.draw(rows, { row, column: 0 });
      expect(terminal.text()).toBe(wanted);
    }
  });

  test.each([{}, { columns: 0, rows: 0 }])('takes a terminal that does not know its size (%j) for an ordinary one', (size) => {
    expect(area(size).area.width()).toBe(79);
  });

  test('leaves the last column free', () => {
    expect(area({ columns: 20 }).area.width()).toBe(19);
    expect(area({ columns: 1 }).area.width()).toBe(1);
  });

  test('begins higher up on a terminal that has become narrower and has broken its rows', () => {
    const size = { columns: 40, rows: 10 };
    const written: string[] = [];
    const on = newLiveArea({ colour: false, write: (text) => void written.push(text) }, size);
    on.draw(['x'.repeat(39), 'y'.repeat(25)]);
    size.columns = 20;
    on.draw(['now']);
    // Two rows for the first one, and one for the part before the cursor.
    expect(written.at(-1)?.startsWith('\u001b[3A\r')).toBe(true);
  });

  test('never disturbs what stands above, whatever happens in which order', () => {
    const line = string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 19 });
    const action = oneof(
      record({ draw: array(line, { minLength: 1, maxLength: 5 }) }),
      record({ say: line }),
      constant({ clear: true }),
      constant({ leave: true }),
    );
    assert(
      property(array(action, { maxLength: 12 }), (actions) => {
        const { area: on, terminal } = area();
        const stays: string[] = [];
        let drawn: readonly string[] = [];
        for (const each of actions) {
          if ('draw' in each) on.draw((drawn = each.draw));
          else if ('say' in each) {
            on.above.write(`${each.say}\n`);
            stays.push(each.say);
          } else {
            if ('leave' in each) {
              on.leave();
              stays.push(...drawn);
            } else on.clear();
            drawn = [];
          }
        }
        expect(terminal.text().trimEnd()).toBe([...stays, ...drawn].join('\n').trimEnd());
      }),
    );
  });
});
