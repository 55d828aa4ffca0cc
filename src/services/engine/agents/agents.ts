import { readFile } from 'node:fs/promises';
import { createSecureContext, type SecureContext } from 'node:tls';
import { tlsProfile } from '../../frame/tls-profile.ts';
import { AgentUnreachable } from './agent-failure.ts';
import { type Agent, type AgentTimes, type AskOptions, createAgent } from './agent.ts';
import type { AgentAddress } from './connection.ts';

/** A host, as its agent is found. */
export interface AgentOf extends AgentAddress {
  readonly id: string;
}

/**
 * Calls a verb of the agent of a host, and returns its bare result. Throws AgentFailure, and AgentUnreachable also where another engine works on
 * hosts.
 */
export type AskHost = (host: AgentOf, method: string, params: object, options: AskOptions) => Promise<unknown>;

/** What comes from agents by itself. */
export interface Listener {
  /** An event, by its name on the wire, such as `|virt|VM_status|<id>`. */
  event(host: string, name: string, params: Readonly<Record<string, unknown>>): void;
  /** An agent has come, or is gone or could not be had. */
  changed(host: string, connected: boolean, reason: string): void;
}

/** The agents of all hosts, one connection for each. */
export interface Agents {
  /** The agent of a host. It is connected from the first time on; another address is another agent. Throws AgentUnreachable once all are let go. */
  of(host: AgentOf): Agent;
  /**
   * Hosts that are not among these are let go, unless somebody has asked for their agents since this was called last: whoever made the list may not
   * know yet what a command has begun meanwhile. Returns those that are still there.
   */
  keep(hosts: ReadonlySet<string>): ReadonlySet<string>;
  /** From now on, this one is told. */
  listen(listener: Listener): void;
  close(): void;
}

/** The files that the engine shows to agents, and that it knows them by. */
export interface AgentFiles {
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

/** Reads them once for all connections. Throws what reading does. */
export async function agentContext({ authority, certificate, key }: AgentFiles): Promise<SecureContext> {
  const [ca, cert, secret] = await Promise.all([readFile(authority, 'utf8'), readFile(certificate, 'utf8'), readFile(key, 'utf8')]);
  const { minVersion, maxVersion, ciphers } = tlsProfile;
  return createSecureContext({ ca, cert, key: secret, minVersion, maxVersion, ciphers });
}

export function createAgents(context: SecureContext, times: AgentTimes): Agents {
  const all = new Map<string, { readonly at: string; readonly agent: Agent; isAsked: boolean }>();
  let listener: Listener | null = null;
  let isClosed = false;

  return {
    of({ id, address, port }) {
      const at = `${address} ${port}`;
      const known = all.get(id);
      if (known?.at === at) {
        known.isAsked = true;
        return known.agent;
      }
      // Whoever was asked by a turn that is over would stay connected beside those of the next one.
      if (isClosed) throw new AgentUnreachable('the work with hosts has ended');
      known?.agent.close();
      const agent = createAgent({
        address,
        port,
        context,
        times,
        takeEvent: (name, params) => listener?.event(id, name, params),
        changed: (connected, reason) => listener?.changed(id, connected, reason),
      });
      all.set(id, { at, agent, isAsked: true });
      return agent;
    },
    keep(hosts) {
      for (const [id, one] of all) {
        if (!hosts.has(id) && !one.isAsked) {
          one.agent.close();
          all.delete(id);
        }
        one.isAsked = false;
      }
      return new Set(all.keys());
    },
    listen: (next) => void (listener = next),
    close() {
      isClosed = true;
      for (const { agent } of all.values()) agent.close();
      all.clear();
    },
  };
}
