import { expect, test } from 'vitest';
import { createLog } from '../../../../src/services/frame/log.ts';
import { createMask } from '../../../../src/services/frame/mask.ts';
import { createRefusalLog } from '../../../../src/services/frame/refusal-log.ts';

test('a flood of refusals has few lines, and is counted', () => {
  const lines: string[] = [];
  let now = 0;
  const log = createLog({ write: (line) => lines.push(line), now: () => new Date(now), mask: createMask() });
  const tell = createRefusalLog(log, () => now, { one: 'console refused', many: 'consoles refused' }, 2);
  const refusal = { status: 403, message: 'no' };
  for (let count = 0; count < 1000; count++) tell('192.0.2.1', refusal);
  expect(lines).toHaveLength(2);
  now = 60_000;
  tell('192.0.2.2', refusal);
  expect(lines.slice(2).map((line) => JSON.parse(line) as object)).toMatchObject([
    { message: 'consoles refused', more: 998 },
    { message: 'console refused', client: '192.0.2.2', status: 403, reason: 'no' },
  ]);
});
