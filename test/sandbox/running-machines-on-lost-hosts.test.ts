import { beforeEach, describe, expect, it } from 'vitest';
import type { Json } from '../support/api-calls.ts';
import { workOn } from '../support/commands.ts';
import { useMachines } from '../support/running-machines.ts';
import { recovering, type SimulatedAgents } from '../support/simulated-agent.ts';
import type { AddedHost } from '../support/simulated-host.ts';
import type { SimulatedMachines } from '../support/simulated-machines.ts';
import { eventually } from '../support/waiting.ts';

/* Hosts that are lost while virtual machines run there or are started: nothing is started twice. */

const tests = await useMachines();
const { act, becomes, codesOf, hostUp, jobEnds, lastMessage, machine, row, running, runningOn, stageBegins, status } = tests;
const { call, fault, got } = tests.api;
let agents: SimulatedAgents;
let machines: SimulatedMachines;
beforeEach(() => void ({ agents, machines } = tests));

describe('a host that is lost', () => {
  async function lost(): Promise<{ readonly host: AddedHost; readonly other: AddedHost; readonly id: string }> {
    const host = await hostUp();
    const { id } = await runningOn(host);
    const other = await hostUp();
    agents.away.add(host.address);
    agents.cut(host.address);
    await becomes(id, 'unknown');
    return { host, other, id };
  }

  /** Machines are started, and the answers are lost with their hosts. */
  function loseAnswers(): void {
    const well = machines.verbs['VM.create']!;
    agents.verbs['VM.create'] = (params, of) => {
      well(params, of);
      agents.away.add(of);
      agents.cut(of);
      return new Promise(() => undefined);
    };
  }

  it('keeps its machines: none is started elsewhere, until it is back', async () => {
    const { host, other, id } = await lost();
    expect((await row(id))['run_on_vds']).toBe(host.id);
    const { status: code, body } = await call(`vms/${id}/start`, { method: 'POST', body: {} });
    expect([code, body]).toEqual([409, expect.stringContaining('its status is unknown')]);
    const stopping = await act(id, 'stop');
    await jobEnds(stopping, 'failed');
    expect(await lastMessage(id)).toContain('cannot be reached');
    expect(machines.status(other.address, id)).toBeUndefined();
    agents.away.clear();
    await becomes(id, 'powering_up');
    expect(await codesOf(id)).toEqual([150, 153, 32, 142, 33, 56]);
  });

  it('has lost them when it comes back without', async () => {
    const { host, id } = await lost();
    machines.lose(host.address);
    agents.away.clear();
    await becomes(id, 'down');
    expect((await codesOf(id)).at(-1)).toBe(119);
  });

  it('is up again as soon as its agent is ready, which refuses everything at first', async () => {
    const { host, id } = await lost();
    let isReady = false;
    agents.verbs = recovering(agents.verbs, [host.address], () => isReady);
    const before = agents.calls.length;
    agents.away.clear();
    await eventually(() => expect(agents.calls.slice(before).some((call) => call.host === host.address)).toBe(true));
    isReady = true;
    await becomes(id, 'powering_up');
    await tests.hostBecomes(host, 'up');
  });

  it('is not sent into maintenance, even if it never told of them', async () => {
    const { host } = await lost();
    await running.postgres.query('update vds_dynamic set vm_count = 0 where vds_id = $1', [host.id]);
    const { status: code, body } = await call(`hosts/${host.id}/deactivate`, { method: 'POST', body: {} });
    expect([code, body]).toEqual([409, expect.stringContaining('it cannot be reached, and may run 1 virtual machines.')]);
    expect(await fault(`hosts/${host.id};force=true`, { method: 'DELETE' })).toEqual([
      409,
      expect.stringContaining('it has 1 virtual machines. If it was rebooted or is switched off, confirm that first'),
    ]);
  });

  it('lets them be started elsewhere when a person confirms that it was rebooted', async () => {
    const { host, other, id } = await lost();
    machines.lose(host.address);
    const fence = (fence_type: string) => fault(`hosts/${host.id}/fence`, { method: 'POST', body: { fence_type } });
    expect((await fence('restart'))[0]).toBe(409);
    expect((await fence('hammer'))[0]).toBe(400);
    await got(`hosts/${host.id}/fence`, { method: 'POST', body: { fence_type: 'manual' } });
    expect(await status(id)).toBe('down');
    expect((await codesOf(id)).at(-1)).toBe(143);
    await act(id, 'start');
    await becomes(id, 'powering_up');
    expect(machines.where(id)).toBe(other.address);
    expect((await call(`hosts/${other.id}/fence`, { method: 'POST', body: { fence_type: 'manual' } })).status).toBe(409);
  });

  it('keeps those that a command works on when its reboot is confirmed, and says so', async () => {
    const { host, id } = await lost();
    machines.lose(host.address);
    const { name } = await got(`vms/${id}`);
    const end = await workOn(running.postgres, id);
    const confirm = (): Promise<Json> => got(`hosts/${host.id}/fence`, { method: 'POST', body: { fence_type: 'manual' } });
    await confirm();
    expect(await row(id)).toMatchObject({ status: 7, run_on_vds: host.id });
    expect(await lastMessage(id)).toBe(
      `A command works on virtual machine ${String(name)}: confirm the reboot of host ${host.name} again when it has ended.`,
    );
    await end();
    await confirm();
    expect(await status(id)).toBe('down');
    expect((await codesOf(id)).slice(-2)).toEqual([142, 143]);
  });

  it('while it answers that it starts a machine has that kept as unknown, and started nowhere else', async () => {
    const host = await hostUp();
    const { id } = await machine();
    loseAnswers();
    const started = await act(id, 'start');
    await eventually(() => expect(machines.starts.get(id)).toBe(1));
    const other = await hostUp();
    await jobEnds(started, 'failed');
    expect(await row(id)).toMatchObject({ status: 7, run_on_vds: host.id });
    expect((await call(`vms/${id}/start`, { method: 'POST', body: {} })).status).toBe(409);
    agents.away.clear();
    await becomes(id, 'powering_up');
    expect(machines.where(id)).toBe(host.address);
    expect(machines.status(other.address, id)).toBeUndefined();
  });

  it('while it answers has its machine started nowhere else, even if the database takes nothing of that', async () => {
    const host = await hostUp();
    const { id } = await machine();
    loseAnswers();
    await running.postgres.query(
      `create function too_slow() returns trigger language plpgsql as $$ begin raise 'canceling statement' using errcode = '57014'; end $$`,
    );
    await running.postgres.query(
      'create trigger too_slow before update on vm_dynamic for each row when (new.status = 7) execute function too_slow()',
    );
    try {
      await jobEnds(await act(id, 'start'), 'failed');
    } finally {
      await running.postgres.query('drop function too_slow cascade');
    }
    expect(await row(id)).toMatchObject({ run_on_vds: host.id });
    expect((await call(`vms/${id}/start`, { method: 'POST', body: {} })).status).toBe(409);
    agents.away.clear();
    await becomes(id, 'powering_up');
    expect(machines.starts.get(id)).toBe(1);
  });

  it('between its answer and the event has the machine running when it is back', async () => {
    const host = await hostUp();
    const { id } = await machine();
    machines.launchMs = 600_000;
    const started = await act(id, 'start');
    await stageBegins(started, 'Waiting until the virtual machine runs');
    // Nobody hears what happens next.
    agents.cut(host.address);
    machines.set(host.address, id, 'Powering up');
    await jobEnds(started, 'finished');
    expect(await row(id)).toMatchObject({ status: 2, run_on_vds: host.id });
    expect(machines.starts.get(id)).toBe(1);
  });
});
