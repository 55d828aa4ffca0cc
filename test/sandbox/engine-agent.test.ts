import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isRecovering, lacksVerb, usualTimes } from '../../src/services/engine/agents/agent.ts';
import { agentContext, type Agents, createAgents } from '../../src/services/engine/agents/agents.ts';
import { type Agent, type PartParts, startAgent } from '../../src/services/host-agent/agent.ts';
import { VerbFailure, type Verbs } from '../../src/services/host-agent/verbs.ts';
import { quietLog } from '../support/fakes.ts';
import { freePort } from '../support/free-port.ts';
import { type AgentPki, makeAgentPki } from '../support/simulated-agent.ts';
import { eventually } from '../support/waiting.ts';

/* The engine's side of the connection and the agent's own, one against the other. */

const verbs: Verbs = {
  'Host.ping2': () => undefined,
  'Test.echo': (params, { flowId }) => ({ text: params.text('text'), flowId }),
  'Test.refuse': () => {
    throw new VerbFailure(1, 'Virtual machine does not exist');
  },
  'Test.large': () => 'é'.repeat(1_000_000),
};

let pki: AgentPki;
let agent: Agent;
let agents: Agents;
let port: number;
let notify: PartParts['notify'];
let started: PromiseWithResolvers<void>;
let events: (readonly [string, object])[];
beforeAll(async () => {
  pki = await makeAgentPki();
});
afterAll(() => pki.remove());
beforeEach(async () => {
  [started, events, port] = [Promise.withResolvers(), [], await freePort()];
  await startIt('engine');
  const files = { authority: pki.path('ca.pem'), certificate: pki.path('engine.pem'), key: pki.path('engine.key') };
  agents = createAgents(await agentContext(files), { ...usualTimes, connectMs: 2_000, againMs: [50, 200] });
  agents.listen({ event: (_host, name, params) => events.push([name, params]), changed: () => undefined });
});
afterEach(async () => {
  agents.close();
  started.resolve();
  await agent.stop('the test is over');
});

/** Starts the agent, which lets in who has this name. */
async function startIt(caller: string): Promise<void> {
  const config = join(pki.folder, `agent-${port}.conf`);
  await mkdir(`${config}.d`, { recursive: true });
  const settings = {
    ...{ LISTEN_HOST: '127.0.0.1', LISTEN_PORT: port, CLIENT_NAMES: caller },
    ...{ SSL_CERTIFICATE: pki.path('agent.pem'), SSL_KEY: pki.path('agent.key'), SSL_CA: pki.path('ca.pem') },
  };
  const lines = Object.entries(settings).map(([key, value]) => `${key}="${value}"\n`);
  await writeFile(join(`${config}.d`, '10-setup.conf'), lines.join(''));
  agent = await startAgent({
    ...{ configFile: config, log: quietLog, now: Date.now, clock: () => performance.now() },
    createParts: (parts) => {
      ({ notify } = parts);
      return [{ verbs, start: () => started.promise }];
    },
  });
}
const host = () => agents.of({ id: 'h', address: '127.0.0.1', port });
const failure = (call: Promise<unknown>): Promise<unknown> => call.catch((error: unknown) => error);

describe('the engine and the agent', () => {
  it('understand each other: results, failures, events, and large answers', async () => {
    started.resolve();
    await agent.ready;
    expect(await host().call('Host.ping2')).toBe(true);
    expect(await host().call('Test.echo', { text: 'a\u0000:\\é' }, { flowId: 'flow:7' })).toEqual({
      text: 'a\u0000:\\é',
      flowId: 'flow:7',
    });
    expect(await failure(host().call('Test.refuse'))).toMatchObject({ code: 1 });
    expect(lacksVerb(await failure(host().call('Test.unheard')))).toBe(true);
    expect(await host().call('Test.large')).toHaveLength(1_000_000);
    notify('|virt|VM_status|v', { v: { status: 'Up' } });
    await eventually(() => expect(events).toEqual([['|virt|VM_status|v', { v: { status: 'Up' }, notify_time: expect.any(Number) }]]));
  });

  it('know of an agent that is not ready yet', async () => {
    expect(isRecovering(await failure(host().call('Host.ping2')))).toBe(true);
    started.resolve();
    await agent.ready;
    expect(await host().call('Host.ping2')).toBe(true);
  });

  it('find each other again after the agent was started anew', async () => {
    started.resolve();
    expect(await host().call('Host.ping2')).toBe(true);
    await agent.stop('anew');
    await startIt('engine');
    expect(await host().call('Host.ping2')).toBe(true);
  });

  it('have nothing to do with each other where the agent is told of another engine', async () => {
    await agent.stop('anew');
    await startIt('another.example.net');
    started.resolve();
    await expect(host().call('Host.ping2')).rejects.toThrow('cannot be reached');
  });
});
