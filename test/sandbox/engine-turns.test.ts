import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { takeTurns, type Turn } from '../../src/services/engine/commands/turn.ts';
import { openDatabase } from '../../src/services/frame/database.ts';
import { apiCalls } from '../support/api-calls.ts';
import { addAdmin, startEngine, type TestEngine } from '../support/engine.ts';
import { quietLog } from '../support/fakes.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { type AgentPki, engineSettings, makeAgentPki, type SimulatedAgents, startSimulatedAgents } from '../support/simulated-agent.ts';
import { addHost, capabilities, wellBehaved } from '../support/simulated-host.ts';
import { eventually } from '../support/waiting.ts';

/* Engines that follow on one another: who has the turn, and what one that is killed leaves to the next. */

let postgres: TestPostgres;
const settings = () => ({ ...postgres, secured: false, securedValidation: false });
beforeAll(async () => {
  postgres = await startPostgres();
  await addAdmin(postgres);
});
afterAll(() => postgres.stop());

describe('turns', () => {
  it('are had by one engine at a time, and by the next as soon as it is gone', async () => {
    const had: [string, Turn][] = [];
    const warnings: string[] = [];
    const take = (name: string) => {
      const session = openDatabase(settings(), quietLog, { connections: 1, name });
      const log = { ...quietLog, warning: (text: string) => void warnings.push(`${name}: ${text}`) };
      return takeTurns({ session, log, begin: (turn) => had.push([name, turn]), everyMs: 20 });
    };
    const endFirst = take('first');
    await eventually(() => expect(had).toHaveLength(1));
    const endSecond = take('second');
    await eventually(() => expect(warnings).toEqual(['second: another engine works on the hosts; this one waits for its end']));
    expect(had).toHaveLength(1);
    // The session is cut, as a network does it: whoever is quicker has the next turn, and it is another one.
    await postgres.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'first'`);
    await eventually(() => expect(had.length).toBeGreaterThan(1));
    await eventually(() => expect(had[0]?.[1].signal.aborted).toBe(true));
    expect(Number(had[1]?.[1].generation)).toBeGreaterThan(Number(had[0]?.[1].generation));
    await endFirst();
    await eventually(() => expect(had.at(-1)?.[0]).toBe('second'));
    expect(had.filter(([, { signal }]) => !signal.aborted)).toHaveLength(1);
    await endSecond();
    expect(had.filter(([, { signal }]) => !signal.aborted)).toEqual([]);
  });
});

describe('an engine that is killed', () => {
  let pki: AgentPki;
  let agents: SimulatedAgents;
  let engines: TestEngine[];
  beforeAll(async () => {
    await postgres.query('delete from command_entities');
    await postgres.query('delete from job');
    pki = await makeAgentPki(['127.0.0.1', ...Array.from({ length: 20 }, (_, at) => `127.0.2.${at + 1}`)]);
    agents = await startSimulatedAgents(pki, { everywhere: true });
  });
  beforeEach(() => {
    engines = [];
    agents.verbs = wellBehaved();
  });
  afterEach(async () => {
    for (const engine of engines) await engine.stop();
  });
  afterAll(async () => {
    await agents.stop();
    await pki.remove();
  });

  async function start(): Promise<TestEngine> {
    const engine = await startEngine(postgres, {
      settings: engineSettings(pki),
    });
    engines.push(engine);
    return engine;
  }
  const callsOf = (engine: TestEngine) => apiCalls({ engine, postgres });
  let count = 0;
  async function host(status = 2): Promise<{ readonly id: string; readonly address: string }> {
    const address = `127.0.2.${++count}`;
    return { id: await addHost(postgres, { name: `killed${count}`, address, port: agents.port, status }), address };
  }
  const statusOf = async (id: string) =>
    (await postgres.query<{ status: number }>('select status from vds_dynamic where vds_id = $1', [id]))[0]?.status;

  it.each(['Host.ping2', 'Host.getCapabilities', 'Host.getHardwareInfo'])(
    'while a host answers %s has its activation finished by the next',
    async (verb) => {
      const { id, address } = await host();
      const well = agents.verbs[verb]!;
      agents.verbs[verb] = (params, of) => (of === address ? new Promise(() => undefined) : well(params, of));
      const engine = await start();
      const { job } = await callsOf(engine).got(`hosts/${id}/activate`, { method: 'POST', body: {} });
      await eventually(() => expect(agents.calls.some((call) => call.host === address && call.method === verb)).toBe(true));
      await engine.end('SIGKILL');
      expect([0, 12]).toContain(await statusOf(id));
      agents.verbs = wellBehaved();
      const next = await start();
      await eventually(async () => expect(await statusOf(id)).toBe(3));
      await eventually(async () => expect((await callsOf(next).got(`jobs/${job.id}`))['status']).toBe('finished'));
      expect(await postgres.query('select * from command_locks')).toEqual([]);
      const events = await postgres.query<{ code: number }>(
        'select log_type as code from audit_log where vds_id = $1 order by audit_log_id',
        [id],
      );
      expect(events.map(({ code }) => code)).toEqual([16, 514, 13]);
    },
  );

  it('while it waits for machines to go has the host in maintenance by the next', async () => {
    const { id, address } = await host(3);
    agents.verbs['Host.getVMList'] = (_params, of) => (of === address ? [randomUUID()] : []);
    const engine = await start();
    await callsOf(engine).got(`hosts/${id}/deactivate`, { method: 'POST', body: {} });
    await eventually(() => expect(agents.calls.some((call) => call.host === address && call.method === 'Host.getVMList')).toBe(true));
    await engine.end('SIGKILL');
    expect(await statusOf(id)).toBe(9);
    agents.verbs = wellBehaved();
    await start();
    await eventually(async () => expect(await statusOf(id)).toBe(2));
  });

  it('at any moment leaves nothing that the next does not finish', async () => {
    for (const after of [0, 15, 30, 50, 80]) {
      const { id } = await host();
      agents.verbs['Host.getCapabilities'] = (_params, of) => sleep(20, capabilities(of));
      const engine = await start();
      await callsOf(engine).got(`hosts/${id}/activate`, { method: 'POST', body: {} });
      await sleep(after);
      await engine.end('SIGKILL');
      await start();
      await eventually(async () => expect(await statusOf(id), `killed after ${after} ms`).toBe(3));
      await eventually(async () => expect(await postgres.query(`select * from command_entities`)).toEqual([]));
      await eventually(async () => expect(await postgres.query(`select * from job where status <> 'FINISHED'`)).toEqual([]));
      for (const one of engines.splice(0)) await one.stop();
    }
  });

  it('is followed by one that waited, which works on what was begun with it', async () => {
    const { id } = await host();
    const first = await start();
    const second = await start();
    await second.sees('another engine works on the hosts; this one waits for its end');
    // Either takes requests; only one works on hosts.
    await callsOf(second).got(`hosts/${id}/activate`, { method: 'POST', body: {} });
    await eventually(async () => expect(await statusOf(id)).toBe(3));
    expect(second.log()).not.toContain('the engine has its turn');
    await first.end('SIGKILL');
    await second.sees('the engine has its turn');
  });
});
