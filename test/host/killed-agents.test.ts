import { describe, expect, test } from 'vitest';
import { chapters, endings, leftOut } from '../support/every-command.ts';
import { useKillingWalk } from '../support/killing-walk.ts';
import { powerCut } from '../support/power-cut.ts';
import { whyNoHosts } from '../support/test-host.ts';

/*
 * Every command that there is, on real hosts with storage that they share, and agents of both hosts that are killed each time a stage of one begins. A
 * command may fail then; asked for again, all comes to a good end, and nothing is left of what failed. Each test goes on from the one before.
 */

const obstacle = await whyNoHosts();

describe.skipIf(obstacle !== null)(
  `agents that are killed in every stage of every command${obstacle === null ? '' : ` (${obstacle})`}`,
  () => {
    const walk = useKillingWalk(({ nodes }) => nodes.map((node) => [node, 'ovirt-host-agent'] as const));

    test.each([...chapters, powerCut, ...endings])('$title', ({ go }) => go(walk()));

    test('no command was left out', () => expect(leftOut(walk())).toEqual([]));
  },
);
