import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { addUser, giveRole } from './engine.ts';
import { type RunningEngine, useEngine } from './running-engine.ts';
import { type AgentPki, engineSettings, makeAgentPki, type SimulatedAgents, startSimulatedAgents } from './simulated-agent.ts';
import { addHost, wellBehaved } from './simulated-host.ts';
import { addMachine } from './simulated-machines.ts';
import { there } from './there.ts';
import { permit } from './vmconsole.ts';

/** A virtual machine with displays on a host that is made up, with an engine that is real, for all tests of the file. */
export interface ConsoleTests {
  readonly pki: AgentPki;
  readonly running: RunningEngine;
  readonly agents: SimulatedAgents;
  readonly host: string;
  /** The machine of the test that is at work, which alice and bob may use, and carol may not. */
  readonly machine: string;
  readonly name: string;
  /** Changes what is known of the machine. */
  set(columns: Readonly<Record<string, unknown>>): Promise<unknown>;
  /** Events of the machine, in their order. */
  events(): Promise<readonly { readonly code: number; readonly user: string; readonly text: string }[]>;
}

/** What the host tells of the displays of a machine. */
export const bothDisplays = [
  { type: 'vnc', port: '5901', tlsPort: '-1', address: '0.0.0.0' },
  { type: 'spice', port: '5902', tlsPort: '5903', address: '10.9.8.7' },
];

export async function useConsoles(): Promise<ConsoleTests> {
  const pki = await makeAgentPki(['127.0.0.1', '127.0.0.2']);
  const running = useEngine(undefined, { settings: engineSettings(pki) });
  let agents: SimulatedAgents | undefined;
  let [host, machine, name] = ['', '', ''];

  beforeAll(async () => {
    const { postgres } = running;
    agents = await startSimulatedAgents(pki, { everywhere: true, verbs: wellBehaved() });
    for (const user of ['alice', 'bob', 'carol']) {
      await addUser(postgres, user, `${user}-Canary-1`);
      await giveRole(postgres, user, 'UserRole');
      await postgres.query(`delete from permissions where ad_element_id = (select user_id from users where username = $1)`, [user]);
    }
    host = await addHost(postgres, { name: 'h1', address: '127.0.0.2', port: agents.port });
  });
  beforeEach(async () => {
    const { postgres } = running;
    name = `web${randomUUID().slice(0, 8)}`;
    machine = await addMachine(postgres, { name, host, status: 1 });
    for (const user of ['alice', 'bob']) await permit(postgres, user, machine, 'UserRole');
    await tests.set({ graphics: JSON.stringify(bothDisplays) });
    await postgres.query('update vds_dynamic set vnc_encryption_enabled = true');
  });
  afterAll(async () => {
    await agents?.stop();
    await pki.remove();
  });

  const tests: ConsoleTests = {
    pki,
    running,
    get agents() {
      return there(agents);
    },
    get host() {
      return host;
    },
    get machine() {
      return machine;
    },
    get name() {
      return name;
    },
    set: (columns) =>
      running.postgres.query(
        `update vm_dynamic set ${Object.keys(columns)
          .map((column, at) => `${column} = $${at + 2}`)
          .join(', ')} where vm_guid = $1`,
        [machine, ...Object.values(columns)],
      ),
    events: () =>
      running.postgres.query(
        'select log_type as code, user_name as user, message as text from audit_log where vm_id = $1 order by audit_log_id',
        [machine],
      ),
  };
  return tests;
}
