import { describe, expect, test } from 'vitest';
import { chapters, endings, leftOut } from '../support/every-command.ts';
import { useKillingWalk } from '../support/killing-walk.ts';
import { whyNoHosts } from '../support/test-host.ts';

/*
 * Every command that there is, on real hosts with storage that they share, and an engine that is killed each time a stage of one begins: the next engine
 * brings all of them to a good end, and nobody has to ask twice. Each test goes on from the one before.
 */

const obstacle = await whyNoHosts();

describe.skipIf(obstacle !== null)(
  `an engine that is killed in every stage of every command${obstacle === null ? '' : ` (${obstacle})`}`,
  () => {
    const walk = useKillingWalk(({ engine }) => [[engine, 'ovirt-engine']]);

    test.each([...chapters, ...endings])('$title', async ({ go }) => {
      await go(walk());
      // Nobody is reset or rebooted twice.
      expect((await walk().stages.failed()).filter((told) => !told.includes('The engine ended while it asked for that'))).toEqual([]);
    });

    test('no command was left out', () => expect(leftOut(walk())).toEqual([]));
  },
);
