import { describe, expect, test } from 'vitest';
import { verdict } from '../../../../src/setup/cli/commands/setup.ts';
import { SetupError } from '../../../../src/setup/kit/errors.ts';

describe('the verdict over a run', () => {
  const verdictOf = (more: Partial<Parameters<typeof verdict>[0]>): number => verdict({ leftOver: [], unhealthy: [], ...more });

  test('is the exit code of what stopped it, of what could not be undone, or of what is not healthy', () => {
    expect(verdictOf({})).toBe(0);
    expect(verdictOf({ unhealthy: ['engine'] })).toBe(6);
    expect(verdictOf({ failure: new SetupError('interrupted', 'x') })).toBe(1);
    expect(verdictOf({ failure: new SetupError('cancelled', 'x') })).toBe(5);
    expect(verdictOf({ failure: new Error('a defect') })).toBe(1);
    expect(verdictOf({ failure: new SetupError('failed', 'x'), leftOver: ['a'] })).toBe(3);
  });
});
