/** What is known of one host that sends, or has sent until a moment ago. */
export interface KdumpStatus {
  readonly hostId: string;
  readonly status: 'dumping' | 'finished';
  readonly address: string;
  readonly port: number;
}

/** Hosts by the addresses of their interfaces. */
export type HostsByAddress = ReadonlyMap<string, string>;

export interface SessionsOptions {
  /** After so much silence a dump counts as written. */
  readonly finishedMs: number;
  /** How many senders are remembered that belong to no host which is known yet. */
  readonly strangersAtMost: number;
  /** A clock that only runs forward. */
  readonly now: () => number;
}

/**
 * The hosts that write crash dumps, by the address they send from. What it keeps is bounded by the number of addresses
 * of known hosts, plus a number of strangers, whoever sends what: senders are easily made up. A flood of made-up ones
 * does not keep out a host whose address is known.
 */
export interface Sessions {
  /** Takes a message. A message that is not valid changes nothing. */
  heard(address: string, port: number, valid: boolean): void;
  /** Takes over a dump that an earlier process has seen begin. */
  resume(status: Omit<KdumpStatus, 'status'>): void;
  /** Whether the hosts have to be looked up: somebody sends, or was turned away for want of room. */
  asksForHosts(): boolean;
  /** Forgets every sender that is no host; returns how many, those turned away included, with one as an example. */
  learn(hosts: HostsByAddress): { readonly strangers: number; readonly example: string | null };
  /** The status of each host. The report is made up when it is asked for, and `settle` belongs to the last one. */
  report(): readonly KdumpStatus[];
  /** The last report is stored: dumps that it calls finished are forgotten, unless their host has sent again since. */
  settle(): void;
}

interface Session {
  port: number;
  heardAt: number;
  /** Kept once it is known: a dump ends for its host even if the interface is gone by then. */
  hostId: string | null;
}

/** Makes the sessions, empty. */
export function createSessions({ finishedMs, strangersAtMost, now }: SessionsOptions): Sessions {
  const sessions = new Map<string, Session>();
  let known: HostsByAddress = new Map();
  let strangers = 0;
  let turnedAway = 0;
  let reported: readonly { readonly address: string; readonly heardAt: number }[] = [];

  function begin(address: string, port: number): void {
    const hostId = known.get(address) ?? null;
    if (hostId === null && strangers >= strangersAtMost) {
      turnedAway++;
      return;
    }
    if (hostId === null) strangers++;
    sessions.set(address, { port, heardAt: now(), hostId });
  }

  return {
    heard(address, port, valid) {
      if (!valid) return;
      const session = sessions.get(address);
      if (session === undefined) return begin(address, port);
      session.port = port;
      session.heardAt = now();
    },
    resume({ hostId, address, port }) {
      const session = sessions.get(address);
      if (session === undefined) sessions.set(address, { port, heardAt: now(), hostId });
      else if (session.hostId === null) {
        strangers--;
        session.hostId = hostId;
      }
    },
    asksForHosts: () => sessions.size > 0 || turnedAway > 0,
    learn(hosts) {
      known = hosts;
      let example: string | null = null;
      let gone = turnedAway;
      for (const [address, session] of sessions) {
        session.hostId = hosts.get(address) ?? session.hostId;
        if (session.hostId !== null) continue;
        sessions.delete(address);
        example ??= address;
        gone++;
      }
      strangers = 0;
      turnedAway = 0;
      return { strangers: gone, example };
    },
    report() {
      const quiet = now() - finishedMs;
      const finished: { address: string; heardAt: number }[] = [];
      // A host may send from several addresses: the one that was heard last speaks for it.
      const latest = new Map<string, { readonly heardAt: number; readonly status: KdumpStatus }>();
      for (const [address, { hostId, port, heardAt }] of sessions) {
        if (hostId === null) continue;
        const status = heardAt > quiet ? 'dumping' : 'finished';
        if (status === 'finished') finished.push({ address, heardAt });
        if (heardAt >= (latest.get(hostId)?.heardAt ?? -Infinity))
          latest.set(hostId, { heardAt, status: { hostId, status, address, port } });
      }
      reported = finished;
      return [...latest.values()].map(({ status }) => status);
    },
    settle() {
      for (const { address, heardAt } of reported) if (sessions.get(address)?.heardAt === heardAt) sessions.delete(address);
      reported = [];
    },
  };
}
