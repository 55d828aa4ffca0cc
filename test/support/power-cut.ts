import { expect } from 'vitest';
import type { Chapter } from './every-command.ts';
import { eventually } from './trial.ts';
import { diskXml, isGone, makeDisk, qemus, spmOf, startMachine, statusIs, stopMachine } from './wishes.ts';

/** The power of a host goes while it manages the storage and runs a machine. */
export const powerCut: Chapter = {
  title:
    'the power of a host is cut while it makes a disk: another one makes it, and has its machine when somebody confirms that it is off',
  async go(walk) {
    await walk.fulfil({
      what: 'machine vm2 is there',
      is: async () => (await walk.byName('vms', 'vm2')) !== null,
      ask: () =>
        walk.api(
          'POST',
          'vms',
          `<vm><name>vm2</name><cluster><name>Default</name></cluster><template><name>Blank</name></template><memory>${2 ** 26}</memory></vm>`,
        ),
    });
    await startMachine(walk, 'vm2');
    const machine = await walk.pathOf('vms', 'vm2');
    const host = `hosts/${(await walk.api('GET', machine))['host'].id}`;
    const victim = String(await walk.wordOf(host, 'name'));
    await walk.fulfil({
      what: `${victim} manages the storage`,
      is: async () => (await spmOf(walk)) === victim,
      ask: () => walk.api('POST', `${host}/forceselectspm`, '<action/>'),
    });

    const node = walk.nodes[victim === 'node1' ? 0 : 1]!;
    let isCut = false;
    walk.stages.onBegin = async (stage) => {
      if (isCut || !stage.startsWith('AddDisk')) return;
      isCut = true;
      await node.cutPower();
    };
    await walk.api('POST', 'disks', diskXml('cut', '<provisioned_size>1048576</provisioned_size><format>raw</format>'));
    await eventually('the host is missed', statusIs(walk, host, 'non_responsive'), 120_000);
    expect(isCut).toBe(true);
    await eventually('its machine is unknown', statusIs(walk, machine, 'unknown'));
    await expect(walk.api('POST', `${machine}/start`, '<action/>')).rejects.toThrow('409');
    // Its lease has to run out first.
    await eventually(
      'another host manages the storage',
      async () => (await spmOf(walk)) !== victim && (await spmOf(walk)) !== null,
      240_000,
    );
    // Either that one has finished it, or nothing is left of it.
    await walk.settled();
    await makeDisk(walk, 'cut', '<provisioned_size>1048576</provisioned_size><format>raw</format>');

    await walk.api('POST', `${host}/fence`, '<action><fence_type>manual</fence_type></action>');
    await eventually('its machine is down', statusIs(walk, machine, 'down'));
    await startMachine(walk, 'vm2');
    await node.boot();
    await walk.rewire(node);
    await eventually('the host is up again', statusIs(walk, host, 'up'), 180_000);
    expect(await qemus(walk)).toHaveLength(1);
    await stopMachine(walk, 'vm2');
    for (const [collection, name] of [
      ['vms', 'vm2'],
      ['disks', 'cut'],
    ] as const) {
      const path = await walk.pathOf(collection, name);
      await walk.fulfil({ what: `${name} is gone`, is: isGone(walk, collection, name), ask: () => walk.api('DELETE', path) });
    }
  },
};
