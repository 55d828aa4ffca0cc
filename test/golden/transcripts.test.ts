import { describe, expect, test } from 'vitest';
import { newMachine } from '../../src/setup/host/memory/index.ts';
import { conf, install } from '../support/installation.ts';
import { stories } from './stories.ts';
import { complete, databasePassword, password, play } from './stories/story.ts';

/** Keys are new in every test process, and so are their fingerprints. */
const fixed = (screen: string): string =>
  screen.replace(/(?:[0-9A-F]{2}:){19,31}[0-9A-F]{2}/g, '<fingerprint>').replace(/SHA256:[\w+/]{43}/g, 'SHA256:<fingerprint>');

describe('the screen', () => {
  test.each(stories)('$name', async (story) => {
    const { screen, log } = await play(story);
    const { name } = story;
    await expect(fixed(screen)).toMatchFileSnapshot(`${name}.transcript`);
    for (const secret of [password, databasePassword, 'password1']) {
      // A typed secret is not echoed, a given one is not shown, and neither is logged.
      expect(screen).not.toContain(secret);
      expect(log).not.toContain(secret);
    }
  });

  test('a step that fails is rolled back, and the screen says so', async () => {
    const files = [conf(complete)];
    const { host } = await install({ machine: newMachine(), files });
    const at = 1 + host.effects.findIndex((effect) => effect.startsWith('update aaa_jdbc.users'));
    const { screen, outcome } = await install({ machine: newMachine(), files, accidents: [{ at, how: 'fail' }] });
    expect(outcome.leftOver).toEqual([]);
    await expect(fixed(screen)).toMatchFileSnapshot('step-fails.transcript');
  });
});
