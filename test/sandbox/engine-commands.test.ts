import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CommandFailure, type CommandTypes, type Occasion, type Stage } from '../../src/services/engine/commands/command.ts';
import { createRunner, type Runner } from '../../src/services/engine/commands/runner.ts';
import { takeTurns, type Turn } from '../../src/services/engine/commands/turn.ts';
import { createHostRecords } from '../../src/services/engine/hosts/host-records.ts';
import { createMachineRecords } from '../../src/services/engine/machines/machine-records.ts';
import { type Database, openDatabase } from '../../src/services/frame/database.ts';
import { apiCalls } from '../support/api-calls.ts';
import { addAdmin, startEngine, type TestEngine } from '../support/engine.ts';
import { quietLog } from '../support/fakes.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { type AgentPki, engineSettings, makeAgentPki, type SimulatedAgents, startSimulatedAgents } from '../support/simulated-agent.ts';
import { addHost, capabilities, wellBehaved } from '../support/simulated-host.ts';
import { addMachine } from '../support/simulated-machines.ts';
import { eventually } from '../support/waiting.ts';

let postgres: TestPostgres;
let database: Database;
const settings = () => ({ ...postgres, secured: false, securedValidation: false });
beforeAll(async () => {
  postgres = await startPostgres();
  await addAdmin(postgres);
  database = openDatabase(settings(), quietLog);
});
afterAll(async () => {
  await database.close();
  await postgres.stop();
});

describe('a command', () => {
  let generation = 0;
  let deeds: string[];
  let turns: AbortController[];
  let runners: Runner[];
  beforeEach(async () => {
    [deeds, turns, runners] = [[], [], []];
    await postgres.query('delete from command_entities');
    await postgres.query('delete from job');
  });
  afterEach(async () => {
    for (const turn of turns) turn.abort();
    for (const runner of runners) await runner.idle();
  });

  /** A turn, as a new engine has it: whoever was there before is not told. */
  async function runner(types: CommandTypes): Promise<Runner> {
    const [row] = await postgres.query<{ generation: number }>(
      'update engine_turn set generation = generation + 1 returning generation::integer',
    );
    generation = row?.generation ?? 0;
    const controller = new AbortController();
    const made = createRunner({
      ...{ database, types, log: quietLog, now: Date.now },
      turn: { generation: String(generation), signal: controller.signal },
    });
    turns.push(controller);
    runners.push(made);
    made.wake();
    return made;
  }
  /** Begins a command, as a request does. */
  async function begin(type: string, parameters: object = {}): Promise<{ readonly id: string; readonly job: string }> {
    const [id, job, step] = [randomUUID(), randomUUID(), randomUUID()];
    await postgres.query(
      `insert into job (job_id, action_type, description, status, start_time, last_update_time, correlation_id)
       values ($1, $2::text, $2::text, 'STARTED', now(), now(), 'flow')`,
      [job, type],
    );
    await postgres.query(
      `insert into step (step_id, job_id, step_type, description, step_number, status, start_time, correlation_id)
       values ($1, $2, 'EXECUTING', $3, 1, 'STARTED', now(), 'flow')`,
      [step, job, type],
    );
    await postgres.query(
      `insert into command_entities (command_id, command_type, command_parameters, user_name, correlation_id, job_id, step_id)
       values ($1, $2, $3, 'admin@internal', 'flow', $4, $5)`,
      [id, type, JSON.stringify(parameters), job, step],
    );
    await postgres.query('insert into command_locks (object_id, command_id) values ($1, $2)', [randomUUID(), id]);
    return { id, job };
  }
  const stage = (name: string, work?: (occasion: Occasion) => Promise<object | undefined>): Stage => ({
    title: name,
    work: async (occasion) => {
      deeds.push(name);
      return (await work?.(occasion)) as Readonly<Record<string, unknown>> | undefined;
    },
    undo: async () => void deeds.push(`undo ${name}`),
  });
  const kind = (...stages: Stage[]): CommandTypes => ({
    Test: {
      stages,
      succeeded: ({ data }) => ({ told: { code: 1, name: 'TEST', severity: 0, text: `done with ${JSON.stringify(data)}` } }),
      failed: (_command, why) => ({ told: { code: 2, name: 'TEST_FAILED', severity: 2, text: why } }),
    },
  });
  const statusOf = async (job: string) =>
    (await postgres.query<{ status: string }>('select status from job where job_id = $1', [job]))[0]?.status;
  const stepsOf = (job: string) =>
    postgres.query('select description as name, status from step where job_id = $1 and parent_step_id is not null order by step_number', [
      job,
    ]);
  const lastEvent = async () =>
    (await postgres.query<{ message: string }>('select message from audit_log order by audit_log_id desc limit 1'))[0]?.message;
  const isOver = (id: string) =>
    eventually(async () => expect(await postgres.query('select from command_entities where command_id = $1', [id])).toEqual([]));

  it('does its stages in their order, each knowing what the earlier ones found, and lets go of its locks', async () => {
    const types = kind(
      stage('one', async () => ({ a: 1 })),
      stage('two', async ({ command }) => ({ b: Number(command.data['a']) + 1 })),
    );
    const { id, job } = await begin('Test');
    await runner(types);
    await isOver(id);
    expect(deeds).toEqual(['one', 'two']);
    await eventually(async () => expect(await statusOf(job)).toBe('FINISHED'));
    expect(await stepsOf(job)).toEqual([
      { name: 'one', status: 'FINISHED' },
      { name: 'two', status: 'FINISHED' },
    ]);
    expect(await lastEvent()).toBe('done with {"a": 1, "b": 2}'.replaceAll(' ', '').replace('donewith', 'done with '));
    expect(await postgres.query('select * from command_locks')).toEqual([]);
  });

  it('is taken back from the stage that failed to the first, and says why', async () => {
    const types = kind(
      stage('one'),
      stage('two', async () => Promise.reject(new CommandFailure('There is no room.'))),
      stage('three'),
    );
    const { id, job } = await begin('Test');
    await runner(types);
    await isOver(id);
    expect(deeds).toEqual(['one', 'two', 'undo two', 'undo one']);
    await eventually(async () => expect(await statusOf(job)).toBe('FAILED'));
    expect(await lastEvent()).toBe('There is no room.');
    expect(await stepsOf(job)).toEqual([
      { name: 'one', status: 'FINISHED' },
      { name: 'two', status: 'FAILED' },
    ]);
  });

  it('tells nothing of errors that are nobody else’s matter, and what could not be taken back', async () => {
    const types = kind({
      title: 'one',
      work: () => Promise.reject(new Error('canary of the inside')),
      undo: () => Promise.reject(new Error('neither')),
    });
    const { id } = await begin('Test');
    await runner(types);
    await isOver(id);
    expect(await lastEvent()).toBe('The engine has met an error, which its log tells. What was done by "one" could not be taken back.');
  });

  it('goes on with the stage that an engine was killed in, and does not repeat what was done', async () => {
    let hangs = true;
    const types = kind(
      stage('one', async () => ({ a: 1 })),
      stage('two', async ({ command, signal }) => {
        if (hangs) await sleep(600_000, undefined, { signal });
        return { b: command.data['a'] };
      }),
    );
    const { id, job } = await begin('Test');
    await runner(types);
    await eventually(() => expect(deeds).toEqual(['one', 'two']));
    hangs = false;
    await runner(types);
    await isOver(id);
    expect(deeds).toEqual(['one', 'two', 'two']);
    await eventually(async () => expect(await statusOf(job)).toBe('FINISHED'));
    expect(await stepsOf(job)).toHaveLength(2);
  });

  it('keeps what a stage found out before its end, for the next engine and for whoever takes it back', async () => {
    const seen: unknown[] = [];
    let hangs = true;
    const types = kind({
      ...stage('one', async ({ command, keep, signal }) => {
        seen.push(command.data);
        await keep({ task: 'seven' });
        if (hangs) await sleep(600_000, undefined, { signal });
        throw new CommandFailure('no');
      }),
      undo: async ({ command }) => void seen.push(command.data),
    });
    const { id } = await begin('Test');
    await runner(types);
    await eventually(async () =>
      expect(await postgres.query('select data from command_entities where command_id = $1', [id])).toEqual([{ data: { task: 'seven' } }]),
    );
    hangs = false;
    await runner(types);
    await isOver(id);
    expect(seen).toEqual([{}, { task: 'seven' }, { task: 'seven' }]);
  });

  it('is taken back by the next engine when one was killed while it took it back', async () => {
    let hangs = true;
    const fails = stage('two', async () => Promise.reject(new CommandFailure('no')));
    const types = kind(
      {
        ...stage('one'),
        undo: async ({ signal }) => {
          deeds.push('undo one');
          if (hangs) await sleep(600_000, undefined, { signal });
        },
      },
      fails,
    );
    const { id } = await begin('Test');
    await runner(types);
    await eventually(() => expect(deeds).toEqual(['one', 'two', 'undo two', 'undo one']));
    hangs = false;
    await runner(types);
    await isOver(id);
    expect(deeds).toEqual(['one', 'two', 'undo two', 'undo one', 'undo one']);
    expect(await lastEvent()).toBe('no');
  });

  it('is not written any more by an engine that has lost its turn without knowing', async () => {
    const gate = Promise.withResolvers<undefined>();
    const types = kind(
      stage('one', () => gate.promise),
      stage('two'),
    );
    const { id } = await begin('Test');
    const former = await runner(types);
    await eventually(() => expect(deeds).toEqual(['one']));
    await postgres.query('update engine_turn set generation = generation + 1');
    gate.resolve(undefined);
    await former.idle();
    expect(deeds).toEqual(['one']);
    expect(await postgres.query('select stage, failure from command_entities where command_id = $1', [id])).toEqual([
      { stage: 0, failure: null },
    ]);
  });

  it('leaves no key and no disc of hosts and machines behind either when the turn is lost', async () => {
    await runner(kind());
    const host = await addHost(postgres, { name: 'lost', address: '127.0.0.1', port: 1 });
    const machine = await addMachine(postgres, { name: 'lost', host, status: 1 });
    const kept = async () =>
      postgres.query(
        `select sshkeyfingerprint as key, current_cd as disc from vds_static cross join vm_dynamic where vds_id = $1 and vm_guid = $2`,
        [host, machine],
      );
    for (const [turn, wanted] of [
      [generation - 1, { key: null, disc: null }],
      [generation, { key: 'SHA256:a', disc: 'a.iso' }],
    ] as const) {
      await createHostRecords(database, String(turn), Date.now).installed(host, 'SHA256:a');
      await createMachineRecords(database, String(turn), Date.now).inserted(machine, host, 'a.iso');
      expect(await kept()).toEqual([wanted]);
    }
    await postgres.query('delete from vm_static where vm_guid = $1', [machine]);
    await postgres.query('delete from vds_static where vds_id = $1', [host]);
  });

  it('waits for a database that is away', async () => {
    const gate = Promise.withResolvers<undefined>();
    const { id } = await begin('Test');
    await runner(kind(stage('one', () => gate.promise)));
    await eventually(() => expect(deeds).toEqual(['one']));
    await postgres.kill();
    gate.resolve(undefined);
    await sleep(300);
    await postgres.start();
    await isOver(id);
    expect(deeds).toEqual(['one']);
  });

  it('of a kind that is not known is left for an engine that knows it', async () => {
    const { id } = await begin('Unheard');
    const made = await runner(kind());
    await made.idle();
    expect(await postgres.query('select stage from command_entities where command_id = $1', [id])).toEqual([{ stage: 0 }]);
  });
});

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
