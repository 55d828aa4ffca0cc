import { ESLint } from 'eslint';
import { describe, expect, it } from 'vitest';

const fixture = 'test/fixtures/lint/unawaited-effect.ts';

describe('the linter', () => {
  it('refuses an effect that nobody awaits', { timeout: 60_000 }, async () => {
    const [result] = await new ESLint({ ignore: false }).lintFiles([fixture]);
    expect(result?.messages.map((message) => message.ruleId)).toEqual(['@typescript-eslint/no-floating-promises']);
  });

  it('leaves that bad example out of its normal runs', async () => {
    expect(await new ESLint().isPathIgnored(fixture)).toBe(true);
  });
});
