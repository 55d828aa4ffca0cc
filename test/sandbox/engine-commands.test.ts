import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CommandFailure, type CommandTypes, type Occasion, type Stage } from '../../src/services/engine/commands/command.ts';
import { createRunner, type Runner } from '../../src/services/engine/commands/runner.ts';
import { createHostRecords } from '../../src/services/engine/hosts/host-records.ts';
import { createMachineRecords } from '../../src/services/engine/machines/machine-records.ts';
import { type Database, openDatabase } from '../../src/services/frame/database.ts';
import { addAdmin } from '../support/engine.ts';
import { quietLog } from '../support/fakes.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { addHost } from '../support/simulated-host.ts';
import { addMachine } from '../support/simulated-machines.ts';
import { eventually } from '../support/waiting.ts';

let postgres: TestPostgres;
let database: Database;
beforeAll(async () => {
  postgres = await startPostgres();
  await addAdmin(postgres);
  database = openDatabase({ ...postgres, secured: false, securedValidation: false }, quietLog);
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
