import { describe, expect, it } from 'vitest';
import type { Agents } from '../../../../../src/services/engine/agents/agents.ts';
import type { Command, Fields, Occasion } from '../../../../../src/services/engine/commands/command.ts';
import { hostCommands } from '../../../../../src/services/engine/hosts/host-commands.ts';
import type { HostRecords } from '../../../../../src/services/engine/hosts/host-records.ts';
import { reasons, statusNumber } from '../../../../../src/services/engine/hosts/host-status.ts';
import { installHost } from '../../../../../src/services/engine/hosts/install-host.ts';
import type { HostStorage } from '../../../../../src/services/engine/storage/host-storage.ts';

const unfit = { reason: reasons.storage, code: 522, name: 'VDS_SET_NONOPERATIONAL_DOMAIN', text: 'it cannot reach storage domain d' };
const commands = hostCommands({
  agents: { of: () => ({}) } as unknown as Agents,
  records: { find: async () => ({ id: 'h', name: 'host1' }) } as unknown as HostRecords,
  storage: { connect: async () => unfit } as unknown as HostStorage,
});
const command = (data: Fields, more: Fields = {}): Command => ({
  ...{ id: 'c', type: '', parameters: { host: 'h', name: 'host1', ...more }, data, userId: null, userName: 'u' },
  ...{ correlationId: 'x', job: 'j', step: 's' },
});
const [to, reason, from] = [1, 2, 3];

describe('a host that does not go into maintenance after all', () => {
  it('is not operational where it was let go of storage that it does not reach any more', async () => {
    const { stages, failed } = commands.MaintainHost;
    let data: Fields = {};
    const keep = async (found: Fields): Promise<void> => void (data = { ...data, ...found });
    const { signal } = new AbortController();
    await stages[1]?.undo?.({ command: command({}), signal, keep } as unknown as Occasion);
    const { change } = failed(command(data, { from: 'up' }), 'it is wanted after all.');
    expect(change?.values[to]).toBe(statusNumber('non_operational'));
    expect(change?.values[reason]).toBe(reasons.storage);
    // Of one that was away nothing else was expected.
    expect(failed(command(data, { from: 'non_responsive' }), 'why').change?.values[to]).toBe(statusNumber('non_responsive'));
  });

  it('is what it was where nothing was taken from it', () => {
    expect(commands.MaintainHost.failed(command({}, { from: 'up' }), 'why').change?.values[to]).toBe(statusNumber('up'));
  });
});

describe('a host that was installed and could not be handed over', () => {
  it('is not being installed for ever', () => {
    const { failed } = installHost({ activation: commands.ActivateHost } as unknown as Parameters<typeof installHost>[0]);
    const { change } = failed(command({ installed: true }), 'The engine has met an error, which its log tells.');
    expect(change?.values[to]).toBe(statusNumber('non_responsive'));
    expect(change?.values[from]).toContain(statusNumber('installing'));
  });
});
