import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type EngineSide, isAlive, isOlder, refusal } from '../../../../src/services/dwh/engine-side.ts';

const ours = '6f1b3c1e-0000-4000-8000-000000000001';
const side = (more: Partial<EngineSide> = {}): EngineSide => ({
  owner: ours,
  ownerHost: 'dwh.example.net',
  running: false,
  silentSeconds: 3,
  heartbeatSeconds: 15,
  disconnect: false,
  minimalVersion: '4.5.0',
  ...more,
});

describe('an engine', () => {
  test('is alive while it has not missed more than a few beats, and never without one', () => {
    expect(isAlive(side({ silentSeconds: 60 }))).toBe(true);
    expect(isAlive(side({ silentSeconds: 61 }))).toBe(false);
    expect(isAlive(side({ silentSeconds: 61, heartbeatSeconds: 30 }))).toBe(true);
    expect(isAlive(side({ silentSeconds: null }))).toBe(false);
  });

  test('takes the data warehouse that it belongs to, also one that has not said goodbye', () => {
    expect(refusal(side(), ours)).toBeNull();
    expect(refusal(side({ running: true }), ours)).toBeNull();
  });

  test('refuses every other one, naming the one it has and what to do', () => {
    const other = 'aaaaaaaa-0000-4000-8000-000000000002';
    expect(refusal(side({ owner: other }), ours)).toMatch(/another data warehouse on dwh\.example\.net \(aaaaaaaa.*run engine-setup/);
    expect(refusal(side({ owner: other, ownerHost: null }), ours)).toMatch(/another data warehouse \(aaaaaaaa/);
    expect(refusal(side({ owner: null }), ours)).toMatch(/belongs to no data warehouse: run engine-setup/);
  });

  test('refuses a data warehouse that is too old for its views', () => {
    expect(refusal(side({ minimalVersion: '4.6.0' }), ours)).toMatch(/needs a data warehouse of version 4\.6\.0 at least/);
    expect(refusal(side({ minimalVersion: '' }), ours)).toBeNull();
  });
});

describe('versions', () => {
  const version = fc.array(fc.nat({ max: 30 }), { minLength: 1, maxLength: 4 });
  test('are compared number by number, not as text', () => {
    expect(isOlder('4.5.0', '4.10.0')).toBe(true);
    expect(isOlder('4.10', '4.5.9')).toBe(false);
    expect(isOlder('4.5', '4.5.0')).toBe(false);
    expect(isOlder('4.5.0', 'nonsense')).toBe(false);
  });

  test('are older one way at most', () => {
    fc.assert(
      fc.property(version, version, (a, b) => {
        const [x, y] = [a.join('.'), b.join('.')];
        expect(isOlder(x, y) && isOlder(y, x)).toBe(false);
        expect(isOlder(x, x)).toBe(false);
      }),
    );
  });
});
