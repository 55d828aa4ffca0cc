import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AgentFailure, AgentUnreachable } from '../../../../src/services/engine/agents/agent-failure.ts';
import { type Agent, type AgentTimes, isRecovering, lacksVerb } from '../../../../src/services/engine/agents/agent.ts';
import { agentContext, type Agents, createAgents } from '../../../../src/services/engine/agents/agents.ts';
import {
  type AgentPki,
  makeAgentPki,
  SimulatedFailure,
  type SimulatedAgents,
  type SimulatedOptions,
  startSimulatedAgents,
} from '../../../support/simulated-agent.ts';
import { until } from '../../../support/waiting.ts';

const host = '127.0.0.1';
const quick: AgentTimes = { connectMs: 2_000, callMs: 2_000, heartbeatMs: 30_000, againMs: [20, 80] };

describe('agents of hosts', () => {
  let pki: AgentPki;
  let simulated: SimulatedAgents;
  let agents: Agents;
  let changes: (readonly [connected: boolean, reason: string])[];
  let events: (readonly [name: string, params: object])[];
  beforeAll(async () => {
    pki = await makeAgentPki([host]);
  });
  afterAll(() => pki.remove());
  beforeEach(() => {
    [changes, events] = [[], []];
  });
  afterEach(async () => {
    agents.close();
    await simulated.stop();
  });

  async function reach({ times = quick, ...options }: SimulatedOptions & { times?: AgentTimes } = {}): Promise<Agent> {
    simulated = await startSimulatedAgents(pki, { verbs: { 'Host.ping2': () => true }, ...options });
    const files = { authority: pki.path('ca.pem'), certificate: pki.path('engine.pem'), key: pki.path('engine.key') };
    agents = createAgents(await agentContext(files), times);
    agents.listen({
      event: (_host, name, params) => events.push([name, params]),
      changed: (_host, connected, reason) => changes.push([connected, reason]),
    });
    return agents.of({ id: 'h', address: host, port: simulated.port });
  }

  it('are not connected to any more once all are let go', async () => {
    await reach();
    agents.close();
    expect(() => agents.of({ id: 'h', address: host, port: simulated.port })).toThrow(AgentUnreachable);
  });

  it('call verbs and return bare results, many at once, with the flow they belong to', async () => {
    const agent = await reach({ verbs: { 'Host.ping2': () => true, echo: ({ n }) => sleep(Number(n) % 7, { n }) } });
    expect(await agent.call('Host.ping2', {}, { flowId: 'flow:1' })).toBe(true);
    const all = Array.from({ length: 50 }, (_, n) => agent.call('echo', { n }));
    expect(await Promise.all(all)).toEqual(Array.from({ length: 50 }, (_, n) => ({ n })));
    expect(simulated.calls[0]).toEqual({ host, method: 'Host.ping2', flowId: 'flow:1' });
    expect(changes).toEqual([[true, '']]);
    expect(simulated.connections()).toBe(1);
  });

  it('hand on what an agent refuses, with its code and in clean words', async () => {
    const agent = await reach({
      verbs: {
        wait: () => Promise.reject(new SimulatedFailure(99, 'Recovering\u001b[31m from\na crash')),
      },
    });
    const refused = await agent.call('wait').catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(AgentFailure);
    expect(String(refused)).toBe('AgentFailure: wait failed: Recovering [31m from a crash (code 99)');
    expect(isRecovering(refused)).toBe(true);
    expect(lacksVerb(await agent.call('Host.unheardOf').catch((error: unknown) => error))).toBe(true);
  });

  it('give up on calls that hang, and keep the connection for others', async () => {
    const agent = await reach({ verbs: { hang: () => new Promise(() => undefined), 'Host.ping2': () => true } });
    await expect(agent.call('hang', {}, { timeoutMs: 50 })).rejects.toThrow('hang was not answered in 0.05 seconds');
    const given = new AbortController();
    const call = agent.call('hang', {}, { signal: given.signal });
    given.abort();
    await expect(call).rejects.toBeInstanceOf(AgentUnreachable);
    expect(await agent.call('Host.ping2')).toBe(true);
    expect(changes).toEqual([[true, '']]);
  });

  it('hear events', async () => {
    const agent = await reach();
    await agent.call('Host.ping2');
    simulated.event(host, '|virt|VM_status|v', { v: { status: 'Up' }, notify_time: 1 });
    await until(() => events.length > 0);
    expect(events).toEqual([['|virt|VM_status|v', { v: { status: 'Up' }, notify_time: 1 }]]);
  });

  it('come back after they were lost, and fail what was under way', async () => {
    const agent = await reach({ verbs: { hang: () => new Promise(() => undefined), 'Host.ping2': () => true } });
    await agent.call('Host.ping2');
    const hanging = agent.call('hang').catch((error: unknown) => error);
    await until(() => simulated.calls.some(({ method }) => method === 'hang'));
    await simulated.stop();
    expect(await hanging).toBeInstanceOf(AgentUnreachable);
    expect(agent.connected).toBe(false);
    await until(() => changes.length > 3);
    await simulated.start();
    expect(await agent.call('Host.ping2')).toBe(true);
    expect(changes.map(([connected]) => connected)).toEqual([true, ...changes.slice(2).map(() => false), true]);
  });

  it('are lost when they fall silent', async () => {
    const agent = await reach({ times: { ...quick, heartbeatMs: 200 } });
    await agent.call('Host.ping2');
    await sleep(500);
    expect(agent.connected).toBe(true);
    simulated.heartbeats = false;
    await until(() => changes.length > 1);
    expect(changes[1]).toEqual([false, expect.stringContaining('nothing was heard of it for 0.2 seconds')]);
  });

  it.each([
    ['of somebody else', 'stranger', /certificate/],
    ['of another host', 'elsewhere', /does not match|altnames/i],
  ])('are refused with a certificate %s', async (_of, certificate, why) => {
    const agent = await reach({ certificate, times: { ...quick, connectMs: 300 } });
    await expect(agent.call('Host.ping2')).rejects.toThrow('cannot be reached');
    expect(changes[0]?.[1]).toMatch(why);
    expect(simulated.calls).toEqual([]);
  });

  it.each([
    ['no STOMP', 'HTTP/1.1 200 OK\r\n\r\n', 'does not begin with a command'],
    ['an error', 'ERROR\n\nSubscription not available\0', 'Subscription not available'],
    ['no JSON', 'MESSAGE\nsubscription:responses\n\n{"id"\0', 'no JSON-RPC'],
    ['neither answer nor event', 'MESSAGE\nsubscription:responses\n\n[1]\0', 'no JSON-RPC'],
    ['a frame without end', `MESSAGE\n${'a'.repeat(20_000)}`, 'longer than'],
  ])('are let go when they send %s, and tried again', async (_what, bytes, why) => {
    const agent = await reach();
    await agent.call('Host.ping2');
    simulated.raw(host, bytes);
    await until(() => changes.length > 1);
    expect(changes[1]).toEqual([false, expect.stringContaining(why)]);
    expect(await agent.call('Host.ping2')).toBe(true);
  });

  it('take answers to nothing, and twice, as nothing', async () => {
    const agent = await reach();
    await agent.call('Host.ping2');
    simulated.raw(host, 'MESSAGE\nsubscription:responses\n\n{"jsonrpc":"2.0","id":"unknown","result":1}\0');
    expect(await agent.call('Host.ping2')).toBe(true);
    expect(changes).toEqual([[true, '']]);
  });

  it('are let go with their hosts', async () => {
    const agent = await reach();
    await agent.call('Host.ping2');
    // Whoever asks now knows more than whoever says which hosts are to be kept.
    expect([...agents.keep(new Set())]).toEqual(['h']);
    expect(await agent.call('Host.ping2')).toBe(true);
    expect([...agents.keep(new Set())]).toEqual([]);
    await until(() => simulated.connections() === 0);
    await expect(agent.call('Host.ping2')).rejects.toBeInstanceOf(AgentUnreachable);
    expect(changes).toEqual([[true, '']]);
  });
});
