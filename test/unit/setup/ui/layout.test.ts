import { describe, expect, test } from 'vitest';
import { fittedLayout } from '../../../../src/setup/ui/layout.ts';

describe('on a terminal', () => {
  test('that is wide enough, texts stand as on the classic screen, without blanks on empty lines', () => {
    const { note, record } = fittedLayout(() => 79);
    expect(note('text\n\n    indented')).toBe('          text\n\n              indented');
    expect(record('one\ntwo')).toBe(' one\n         two');
  });

  test('long notes are wrapped below their first word, however deep it stands', () => {
    const { note } = fittedLayout(() => 60);
    const long = 'word '.repeat(12).trim();
    expect(note(`    ${long}`)).toBe(`              ${'word '.repeat(9).trim()}\n              word word word`);
  });

  test('long log lines are wrapped behind their level, and then below it', () => {
    const { record } = fittedLayout(() => 60);
    const [first = '', second = ''] = record('word '.repeat(14).trim()).split('\n');
    expect(first).toBe(` ${'word '.repeat(10).trim()}`);
    expect(second).toBe(`         ${'word '.repeat(4).trim()}`);
  });

  test('with few columns the margin is narrow', () => {
    const { note, record } = fittedLayout(() => 19);
    expect(note('one two three four five')).toBe('  one two three\n  four five');
    expect(record('Stage: Initializing')).toBe(' Stage:\n  Initializing');
    expect(record('Initializing all')).toBe('\n  Initializing all');
  });

  test('of a single column nothing is lost', () => {
    const { note, record } = fittedLayout(() => 1);
    expect(note('ab').replaceAll(/\s/g, '')).toBe('ab');
    expect(record('ab').replaceAll(/\s/g, '')).toBe('ab');
  });

  test('that changes its width, the next text fits the new one', () => {
    let width = 19;
    const { note } = fittedLayout(() => width);
    width = 79;
    expect(note('text')).toBe('          text');
  });
});
