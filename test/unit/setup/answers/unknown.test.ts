import { describe, expect, test } from 'vitest';
import { readSources } from '../../../../src/setup/answers/sources.ts';
import { nearestAmong, unknownKeys } from '../../../../src/setup/answers/unknown.ts';
import { inEnglish } from '../../../../src/setup/kit/text.ts';

describe('unknown keys', () => {
  const known = new Set(['OVESETUP_CONFIG/fqdn', 'OVESETUP_DB/port', 'OVESETUP_DB/password']);
  const unknown = async (...keys: readonly string[]): Promise<readonly string[]> => {
    const text = `[environment:default]\n${keys.map((key) => `${key}=str:v\n`).join('')}`;
    return (await unknownKeys(await readSources([{ path: 'x', text, kept: false }]), known)).map(inEnglish);
  };

  test('are named with their place and the nearest known one', async () => {
    expect(await unknown('OVESETUP_CONFIG/fqnd', 'ovesetup_db/PORT')).toEqual([
      'x:2: OVESETUP_CONFIG/fqnd is not known and has no effect; did you mean OVESETUP_CONFIG/fqdn?',
      'x:3: ovesetup_db/PORT is not known and has no effect; did you mean OVESETUP_DB/port?',
    ]);
  });

  test('have no hint where nothing is near', async () => {
    expect(await unknown('SOMETHING/elseEntirely')).toEqual(['x:2: SOMETHING/elseEntirely is not known and has no effect']);
  });

  test('do not include answers to single questions, known keys, and those that are known to have no effect', async () => {
    expect(await unknown('QUESTION/1/ANY', 'OVESETUP_CORE/generatedByVersion', 'OVESETUP_DB/password', 'OVESETUP_AIO/configure')).toEqual(
      [],
    );
  });

  test('include replies to questions that nobody asks, where the questions are known', async () => {
    const replies = ['UPDATE_FIREWAL', 'UPDATE_FIREWALL', 'low-memory', 'ISO_DOMAIN_NAME', 'unsupported-host'];
    const text = `[environment:default]\n${replies.map((name) => `QUESTION/1/${name}=str:no\n`).join('')}QUESTION/0/X=str:no\n`;
    const sources = await readSources([{ path: 'x', text, kept: false }]);
    expect((await unknownKeys(sources, known, new Set(['UPDATE_FIREWALL']))).map(inEnglish)).toEqual([
      'x:2: QUESTION/1/UPDATE_FIREWAL is not known and has no effect; did you mean QUESTION/1/UPDATE_FIREWALL?',
      'x:7: QUESTION/0/X is not known and has no effect',
    ]);
  });

  test('do not flood the screen', async () => {
    const found = await unknown(...Array.from({ length: 10_000 }, (_, n) => `OVESETUP_CONFIG/fqdn${n}`));
    expect(found).toHaveLength(51);
    expect(found.at(-1)).toBe('9950 more keys are not known and have no effect');
  });
});

describe('the nearest name', () => {
  test('is the one with the fewest letters to change, and the first of equally near ones', async () => {
    const nearest = await nearestAmong(['OVESETUP_DB/host', 'OVESETUP_DB/port', 'OVESETUP_DWH_DB/port']);
    expect([nearest('OVESETUP_DB/prot'), nearest('OVESETUP_DW_DB/port'), nearest('OVESETUP_DB/post')]).toEqual([
      'OVESETUP_DB/port',
      'OVESETUP_DWH_DB/port',
      'OVESETUP_DB/host',
    ]);
  });

  test('is none for short names that share nothing', async () => {
    const nearest = await nearestAmong(['A/b']);
    expect([nearest('C/d'), nearest(''), nearest('A/c')]).toEqual([undefined, undefined, 'A/b']);
  });
});
