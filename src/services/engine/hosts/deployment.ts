/** A machine that is to become a host. */
export interface MachineToDeploy {
  readonly id: string;
  readonly address: string;
  readonly sshPort: number;
  readonly sshUser: string;
  /** A password, which is used once, or the key of the engine, which is there already. */
  readonly credential: { readonly password: string } | 'engine-key';
  /** The key of its ssh server, as far as it is known: `SHA256:...`. */
  readonly fingerprint?: string;
}

/** Makes hosts of machines, over SSH. */
export interface Deployment {
  /**
   * Installs a machine; one that is installed already is brought up to date. What it does is told while it does it. Returns the key that the machine has
   * shown. Throws an error whose message is a sentence for people, and what has aborted the signal.
   */
  deploy(
    machine: MachineToDeploy,
    told: (severity: 'normal' | 'warning' | 'error', text: string) => void,
    signal: AbortSignal,
  ): Promise<{ readonly fingerprint: string }>;
}
