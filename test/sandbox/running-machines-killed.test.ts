import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { apiCalls } from '../support/api-calls.ts';
import { addAdmin, startEngine, type TestEngine } from '../support/engine.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import {
  type AgentPki,
  engineSettings,
  makeAgentPki,
  type SimulatedAgents,
  type SimulatedVerb,
  startSimulatedAgents,
} from '../support/simulated-agent.ts';
import { addHost, wellBehaved } from '../support/simulated-host.ts';
import { addMachine, type SimulatedMachines, simulatedMachines } from '../support/simulated-machines.ts';
import { eventually } from '../support/waiting.ts';

/* Engines that are killed while virtual machines are started and ended: the next one finishes it, and nothing runs twice. */

let postgres: TestPostgres;
let pki: AgentPki;
let agents: SimulatedAgents;
let machines: SimulatedMachines;
let engines: TestEngine[] = [];
let count = 0;

beforeAll(async () => {
  postgres = await startPostgres();
  await addAdmin(postgres);
  await postgres.query(`update vdc_options set option_value = '1' where option_name = 'VdsStatisticsInSeconds'`);
  pki = await makeAgentPki(['127.0.0.1', '127.0.4.1', '127.0.4.2']);
  agents = await startSimulatedAgents(pki, { everywhere: true });
  for (const at of [1, 2]) await addHost(postgres, { name: `host${at}`, address: `127.0.4.${at}`, port: agents.port, status: 3 });
  await postgres.query('update vds_dynamic set physical_mem_mb = 32000, cpu_cores = 8, cpu_threads = 8');
});
beforeEach(() => {
  machines = simulatedMachines(() => agents);
  agents.verbs = { ...wellBehaved(), ...machines.verbs };
});
afterEach(async () => {
  for (const engine of engines) await engine.stop();
  engines = [];
  expect(machines.twice).toEqual([]);
  await postgres.query('update vm_dynamic set status = 0, run_on_vds = null');
});
afterAll(async () => {
  await agents.stop();
  await pki.remove();
  await postgres.stop();
});

/** What a start goes through, as its steps say. */
const stages = [
  'Choosing a host for the virtual machine',
  'Asking the host whether the virtual machine is there',
  'Starting the virtual machine on the host',
  'Waiting until the virtual machine runs',
];

async function start(): Promise<TestEngine> {
  const engine = await startEngine(postgres, { settings: engineSettings(pki) });
  engines.push(engine);
  return engine;
}
const machine = (): Promise<string> => addMachine(postgres, { name: `killed${++count}` });
const act = async (engine: TestEngine, id: string, action: string): Promise<string> =>
  String((await apiCalls({ engine, postgres }).got(`vms/${id}/${action}`, { method: 'POST', body: {} }))['job'].id);
const statusOf = async (id: string): Promise<number | undefined> =>
  (await postgres.query<{ status: number }>('select status from vm_dynamic where vm_guid = $1', [id]))[0]?.status;
const allDone = (): Promise<void> =>
  eventually(async () => expect(await postgres.query('select command_type, stage from command_entities')).toEqual([]));

/** Has a verb hang, before or after it is carried out, and waits until it does. */
function hanging(verb: string, when: 'before' | 'after'): () => Promise<void> {
  let hangs = false;
  const well: SimulatedVerb = machines.verbs[verb]!;
  agents.verbs[verb] = (params, host) => {
    // The rounds of all machines go on.
    if (verb === 'Host.getVMList' && params['vmList'] === undefined) return well(params, host);
    if (when === 'after') well(params, host);
    hangs = true;
    return new Promise(() => undefined);
  };
  return () => eventually(() => expect(hangs).toBe(true));
}
const well = (): void => void (agents.verbs = { ...wellBehaved(), ...machines.verbs });

describe('an engine that is killed while it starts a machine', () => {
  it.each<[string, 'before' | 'after']>([
    ['Host.getVMList', 'before'],
    ['VM.create', 'before'],
    ['VM.create', 'after'],
  ])('at %s, %s it is carried out, leaves it to the next', async (verb, when) => {
    const hangs = hanging(verb, when);
    const engine = await start();
    const id = await machine();
    const job = await act(engine, id, 'start');
    await hangs();
    await engine.end('SIGKILL');
    expect(await statusOf(id)).toBe(9);
    well();
    const next = await start();
    await eventually(async () => expect(await statusOf(id)).toBe(2));
    await eventually(async () => expect((await apiCalls({ engine: next, postgres }).got(`jobs/${job}`))['status']).toBe('finished'));
    expect(machines.starts.get(id)).toBe(1);
    await allDone();
  });

  it('leaves it to the next, which tells what is so when the machine was seen running before it went on', async () => {
    const hangs = hanging('VM.create', 'after');
    const engine = await start();
    const id = await machine();
    await act(engine, id, 'start');
    await hangs();
    await engine.end('SIGKILL');
    machines.set(machines.where(id)!, id, 'Up');
    // As whoever watches over the hosts writes it, if that comes first.
    await postgres.query('update vm_dynamic set status = 1, status_since = now() where vm_guid = $1', [id]);
    well();
    await start();
    await allDone();
    expect(await statusOf(id)).toBe(1);
    expect(machines.starts.get(id)).toBe(1);
    const told = await postgres.query<{ code: number }>('select log_type as code from audit_log where vm_id = $1 order by audit_log_id', [
      id,
    ]);
    expect(told.map(({ code }) => code)).toEqual([150, 153, 32]);
  });

  it('and waits for it, leaves it to the next, also where it has failed meanwhile', async () => {
    machines.launchMs = 600_000;
    const engine = await start();
    const [runs, fails] = [await machine(), await machine()];
    await Promise.all([runs, fails].map((id) => act(engine, id, 'start')));
    await eventually(async () =>
      expect(await postgres.query(`select from step where description = $1 and status = 'STARTED'`, [stages.at(-1)])).toHaveLength(2),
    );
    await engine.end('SIGKILL');
    machines.set(machines.where(runs)!, runs, 'Up');
    machines.end(machines.where(fails)!, fails, { exitCode: 1, exitReason: 3, exitMessage: 'no volume' });
    await start();
    await eventually(async () => expect([await statusOf(runs), await statusOf(fails)]).toEqual([1, 0]));
    await allDone();
    expect(machines.starts.get(runs)).toBe(1);
    const [told] = await postgres.query<{ message: string }>('select message from audit_log where vm_id = $1 and log_type = 54', [fails]);
    expect(told?.message).toContain('no volume');
  });

  it.each(stages)('right before "%s" leaves it to the next', async (title) => {
    // It hangs in the middle of saying that the stage begins.
    await postgres.query(
      `create function hang() returns trigger language plpgsql as $$ begin perform pg_sleep(600); return new; end $$;
       create trigger hang before insert on step for each row when (new.description = '${title}') execute function hang()`,
    );
    const engine = await start();
    const id = await machine();
    await act(engine, id, 'start');
    const asleep = `from pg_stat_activity where wait_event = 'PgSleep'`;
    await eventually(async () => expect(await postgres.query(`select ${asleep}`)).toHaveLength(1));
    await engine.end('SIGKILL');
    await postgres.query(`select pg_terminate_backend(pid) ${asleep}`);
    await postgres.query('drop function hang cascade');
    await start();
    await eventually(async () => expect(await statusOf(id)).toBe(2));
    await allDone();
    expect(machines.starts.get(id)).toBe(1);
  });
});

describe('an engine that is killed while it has a machine started anew', () => {
  it.each([
    ['reset', 'VM.reset'],
    ['reboot', 'VM.shutdown'],
  ])('by %s leaves it to a person whether to ask again', async (action, verb) => {
    const engine = await start();
    const id = await machine();
    await act(engine, id, 'start');
    await eventually(async () => expect(await statusOf(id)).toBe(2));
    await allDone();
    const hangs = hanging(verb, 'after');
    const job = await act(engine, id, action);
    await hangs();
    await engine.end('SIGKILL');
    let again = 0;
    well();
    agents.verbs[verb] = () => ++again;
    const next = await start();
    await eventually(async () => expect((await apiCalls({ engine: next, postgres }).got(`jobs/${job}`))['status']).toBe('failed'));
    await allDone();
    expect(again).toBe(0);
  });
});

describe('an engine that is killed while it switches a machine off', () => {
  it.each<['before' | 'after']>([['before'], ['after']])('%s its host has done it, leaves it to the next', async (when) => {
    const engine = await start();
    const id = await machine();
    await act(engine, id, 'start');
    await eventually(async () => expect(await statusOf(id)).toBe(2));
    await allDone();
    const hangs = hanging('VM.destroy', when);
    const job = await act(engine, id, 'stop');
    await hangs();
    await engine.end('SIGKILL');
    well();
    const next = await start();
    await eventually(async () => expect(await statusOf(id)).toBe(0));
    await eventually(async () => expect((await apiCalls({ engine: next, postgres }).got(`jobs/${job}`))['status']).toBe('finished'));
    expect(machines.where(id)).toBeUndefined();
    await allDone();
  });
});

describe('an engine that takes over', () => {
  it('has found machines as they are, without a look from anybody', async () => {
    const engine = await start();
    const ids = await Promise.all([1, 2, 3].map(machine));
    for (const id of ids) await act(engine, id, 'start');
    await eventually(async () => expect(await Promise.all(ids.map(statusOf))).toEqual([2, 2, 2]));
    await allDone();
    await engine.end('SIGKILL');
    const [up, ended, lost] = ids as [string, string, string];
    machines.set(machines.where(up)!, up, 'Up');
    machines.end(machines.where(ended)!, ended);
    machines.lose(machines.where(lost)!, lost);
    await start();
    await eventually(async () => expect(await Promise.all(ids.map(statusOf))).toEqual([1, 0, 0]));
  });
});
