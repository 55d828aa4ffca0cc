import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { chapters, commandNames, endings } from '../support/every-command.ts';
import { prepareFirstMachine } from '../support/first-machine.ts';
import { folder as hostFolder } from '../support/host-image.ts';
import { type KillingWalk, startKillingWalk } from '../support/killing-walk.ts';
import { powerCut } from '../support/power-cut.ts';
import { killerOf, watchStages } from '../support/stages-of-commands.ts';
import { whyNoHosts } from '../support/test-host.ts';
import { expectCode } from '../support/whole-host.ts';

/*
 * Every command that there is, on real hosts with storage that they share, and agents of both hosts that are killed each time a stage of one begins. A
 * command may fail then; asked for again, all comes to a good end, and nothing is left of what failed. Each test goes on from the one before.
 */

const obstacle = await whyNoHosts();

describe.skipIf(obstacle !== null)(
  `agents that are killed in every stage of every command${obstacle === null ? '' : ` (${obstacle})`}`,
  () => {
    let walk: KillingWalk;
    let folder: string;
    let remove: () => Promise<void>;

    beforeAll(async () => {
      await mkdir(hostFolder, { recursive: true });
      folder = await mkdtemp(`${hostFolder}/shared-`);
      const all = await prepareFirstMachine({ nodes: 2, shared: folder });
      ({ remove } = all);
      expectCode(await all.engine.setup(), 0);
      // Read by the engine when it begins.
      await all.engine.shell(
        '/usr/lib/ovirt-engine/current/bin/engine-config --set TimeoutToResetVdsInSeconds=10 && systemctl restart ovirt-engine',
      );
      const kills = await Promise.all(all.nodes.map((node) => killerOf(node, 'ovirt-host-agent')));
      const stages = await watchStages(all.engine);
      stages.onBegin = async (_stage, isFirst) => (isFirst ? Promise.all(kills.map((kill) => kill())) : undefined);
      walk = startKillingWalk(all, stages);
    });
    afterAll(async () => {
      await remove();
      await rm(folder, { recursive: true, force: true });
    });

    test.each([...chapters, powerCut, ...endings])('$title', ({ go }) => go(walk));

    test('no command was left out', () => {
      const begun = new Set([...walk.stages.begun].map((stage) => stage.split(':', 1)[0]));
      expect(commandNames.filter((name) => !begun.has(name))).toEqual([]);
    });
  },
);
