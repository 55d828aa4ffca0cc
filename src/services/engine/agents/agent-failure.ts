/** The agent has carried out nothing, or only a part, and says why: one of the codes that agents have or of JSON-RPC. */
export class AgentFailure extends Error {
  readonly code: number;
  /** What the agent itself says. */
  readonly reason: string;

  constructor(method: string, code: number, message: string) {
    super(`${method} failed: ${message} (code ${code})`);
    this.name = 'AgentFailure';
    this.code = code;
    this.reason = message;
  }
}

/** Nobody knows what became of a call: the agent cannot be reached, was lost, or does not answer in time. Asking again later makes sense. */
export class AgentUnreachable extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'AgentUnreachable';
  }
}

/** Codes of agents that the engine looks at. */
export const agentCodes = {
  /** It has no such virtual machine. */
  noSuchMachine: 1,
  /** It has a virtual machine of this id. */
  machineExists: 4,
  /** It has just been started, and is looking for its virtual machines. */
  recovering: 99,
  /** Networks on bonds and VLANs, which it does not make. */
  bonding: 25,
  vlan: 26,
  unavailable: 40,
  notImplemented: 44,
  /** It does not know the verb. */
  unknownVerb: -32601,
} as const;
