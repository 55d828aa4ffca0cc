import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { apiCalls, type Json } from './api-calls.ts';
import { type RunningEngine, useEngine } from './running-engine.ts';
import { type AgentPki, engineSettings, makeAgentPki, type SimulatedAgents, startSimulatedAgents } from './simulated-agent.ts';
import { type AddedHost, addHost, setOptions, wellBehaved } from './simulated-host.ts';
import { addMachine, type SimulatedMachines, simulatedMachines, type TestMachine } from './simulated-machines.ts';
import { there } from './there.ts';
import { eventually } from './waiting.ts';

export interface Named {
  readonly id: string;
  readonly name: string;
}

/** Virtual machines that run on hosts which are made up, with an engine that is real, for all tests of the file. */
export interface MachineTests {
  readonly running: RunningEngine;
  readonly api: ReturnType<typeof apiCalls>;
  /** Those of the test that is at work. */
  readonly agents: SimulatedAgents;
  readonly machines: SimulatedMachines;
  /** A host of its own, which is up. */
  hostUp(): Promise<AddedHost>;
  machine(more?: Partial<TestMachine>): Promise<Named>;
  /** A machine that was started and has landed on a host. */
  runningOn(host: AddedHost, more?: Partial<TestMachine>): Promise<Named>;
  act(id: string, action: string, body?: object): Promise<Json>;
  /** Starts a machine on a host. */
  startOn(host: AddedHost, id: string): Promise<void>;
  status(id: string): Promise<unknown>;
  becomes(id: string, wanted: string): Promise<void>;
  hostStatus(host: AddedHost): Promise<unknown>;
  hostBecomes(host: AddedHost, wanted: string): Promise<void>;
  row(id: string): Promise<Json>;
  /** Codes of the events of a machine, in their order. */
  codesOf(id: string): Promise<readonly number[]>;
  lastMessage(id: string): Promise<string>;
  jobEnds(done: Json, wanted: string): Promise<void>;
  /** Waits until a stage of a command has begun, by its title. */
  stageBegins(done: Json, title: string): Promise<void>;
  /** Waits until the engine has asked a host for its machines and has taken in what it says, all that from now on. */
  looked(host: AddedHost): Promise<void>;
}

const jobOf = (done: Json): string => String((done['job'] as Json)['id']);

const addresses = ['127.0.0.1', ...Array.from({ length: 150 }, (_, at) => `127.0.3.${at + 1}`)];

export async function useMachines(): Promise<MachineTests> {
  const pki: AgentPki = await makeAgentPki(addresses);
  const running = useEngine(
    (postgres) =>
      setOptions(postgres, {
        ...{ VdsStatisticsInSeconds: '1', TimeoutToResetVdsInSeconds: '1', DelayResetPerVmInSeconds: '0.1', vdsConnectionTimeout: '2' },
      }),
    { settings: engineSettings(pki) },
  );
  const api = apiCalls(running);
  const { got } = api;
  let agents: SimulatedAgents | undefined;
  let machines: SimulatedMachines | undefined;
  let count = 0;

  beforeAll(async () => {
    agents = await startSimulatedAgents(pki, { everywhere: true });
  });
  beforeEach(() => {
    machines = simulatedMachines(() => there(agents));
    there(agents).verbs = { ...wellBehaved(), ...machines.verbs };
    there(agents).away.clear();
  });
  afterEach(async () => {
    expect(machines?.twice).toEqual([]);
    // Hosts of a test are of no matter to the next.
    await eventually(async () => expect(await running.postgres.query('select * from command_entities')).toEqual([]));
    await running.postgres.query('update vm_dynamic set status = 0, run_on_vds = null');
    await running.postgres.query('update vds_dynamic set status = 2');
  });
  afterAll(async () => {
    await agents?.stop();
    await pki.remove();
  });

  const tests: MachineTests = {
    running,
    api,
    get agents() {
      return there(agents);
    },
    get machines() {
      return there(machines);
    },
    async hostUp() {
      const address = addresses[++count]!;
      const name = `host${count}`;
      const id = await addHost(running.postgres, { name, address, port: tests.agents.port });
      await got(`hosts/${id}/activate`, { method: 'POST', body: {} });
      const host = { id, name, address };
      await tests.hostBecomes(host, 'up');
      return host;
    },
    async machine(more = {}) {
      const name = `vm${++count}`;
      return { id: await addMachine(running.postgres, { name, networks: ['ovirtmgmt'], ...more }), name };
    },
    async runningOn(host, more) {
      const made = await tests.machine(more);
      await tests.jobEnds(await tests.act(made.id, 'start'), 'finished');
      expect(await tests.status(made.id)).toBe('powering_up');
      expect(tests.machines.where(made.id)).toBe(host.address);
      return made;
    },
    act: (id, action, body = {}) => got(`vms/${id}/${action}`, { method: 'POST', body }),
    async startOn(host, id) {
      await tests.jobEnds(await tests.act(id, 'start', { vm: { placement_policy: { hosts: { host: [{ id: host.id }] } } } }), 'finished');
      expect(await tests.status(id)).toBe('powering_up');
    },
    status: async (id) => (await got(`vms/${id}`))['status'] as unknown,
    becomes: (id, wanted) => eventually(async () => expect(await tests.status(id)).toBe(wanted)),
    hostStatus: async ({ id }) => (await got(`hosts/${id}`))['status'] as unknown,
    hostBecomes: (host, wanted) => eventually(async () => expect(await tests.hostStatus(host)).toBe(wanted)),
    row: async (id) => (await running.postgres.query<Json>('select * from vm_dynamic where vm_guid = $1', [id]))[0]!,
    async codesOf(id) {
      const events = await running.postgres.query<{ code: number }>(
        'select log_type as code from audit_log where vm_id = $1 order by audit_log_id',
        [id],
      );
      return events.map(({ code }) => code);
    },
    async lastMessage(id) {
      const [event] = await running.postgres.query<{ message: string }>(
        'select message from audit_log where vm_id = $1 order by audit_log_id desc limit 1',
        [id],
      );
      return event?.message ?? '';
    },
    jobEnds: (done, wanted) => eventually(async () => expect((await got(`jobs/${jobOf(done)}`))['status']).toBe(wanted)),
    stageBegins: (done, title) =>
      eventually(async () => {
        const { step: steps } = await got(`jobs/${jobOf(done)}/steps`);
        expect((steps as readonly Json[]).map(({ description }) => description as string)).toContain(title);
      }),
    async looked({ address }) {
      const before = tests.agents.calls.length;
      const looks = (): number =>
        tests.agents.calls.slice(before).filter(({ method, host }) => method === 'Host.getAllVmStats' && host === address).length;
      // Hosts are asked one thing after another: with the second question the first answer has been taken in.
      await eventually(() => expect(looks()).toBeGreaterThan(1));
    },
  };
  return tests;
}
