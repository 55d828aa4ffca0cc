import { askLocally } from '../frame/local-request.ts';

/** What the agent has root do for it (src/services/host-helper). Everything throws HelperRefusal. */
export interface HelperDoor {
  /**
   * Mounts a file system and returns the folder at which it is seen.
   * @param fileSystem as the helper knows it: `nfs`, `ceph`, ...
   */
  mount(source: string, fileSystem: string, options: string): Promise<string>;
  /** Unmounts it; nothing happens where it is not mounted. */
  unmount(source: string): Promise<void>;
  /** How a machine has ended, in libvirt's word, `shutdown` for instance; nothing where that is not known. */
  howEnded(machine: { readonly id: string; readonly name: string }): Promise<string>;
  /**
   * Changes networks for the time being. After so many seconds all is as before, unless the change is kept.
   * @param networks by their names, as the helper reads them (its network-request.ts); null for one that is to go
   * @returns false where all is as wanted already
   */
  changeNetworks(networks: Readonly<Record<string, object | null>>, seconds: number): Promise<boolean>;
  /** Has the change hold until the host is started anew. */
  keepNetworks(): Promise<void>;
  revertNetworks(): Promise<void>;
  /** Has networks as they are outlast every start of the host. */
  commitNetworks(): Promise<void>;
}

/** What the helper says when it does not do something. */
export class HelperRefusal extends Error {
  /** As its refusals have it; 0 where it does not answer. */
  readonly status: number;

  constructor(message: string, status: number, cause?: unknown) {
    super(message, { cause });
    this.name = 'HelperRefusal';
    this.status = status;
  }

  /** Whether it was asked for something that is not allowed, and asking again leads nowhere. */
  get isInvalid(): boolean {
    return this.status === 400;
  }
}

/** Longer than the helper waits for a mount. */
const timeoutMs = 150_000;

/** Opens the door to the helper that listens at a socket. */
export function helperDoor(socket: string): HelperDoor {
  const ask = async (verb: string, body: object = {}): Promise<Readonly<Record<string, unknown>>> => {
    const answer = await askLocally(socket, 'POST', verb, { body, timeoutMs }).catch((error: unknown) => {
      throw new HelperRefusal(`The helper does not answer at ${socket}: is its service running?`, 0, error);
    });
    const content = JSON.parse(answer.body) as Readonly<Record<string, unknown>>;
    if (answer.status === 200) return content;
    throw new HelperRefusal(String(content['error']), answer.status);
  };
  const tell = (verb: string) => async (): Promise<void> => {
    await ask(verb);
  };
  return {
    mount: async (source, fileSystem, options) => String((await ask('/mount', { source, fileSystem, options }))['point']),
    async unmount(source) {
      await ask('/unmount', { source });
    },
    howEnded: async ({ id, name }) => String((await ask('/machines/end', { id, name }))['reason']),
    changeNetworks: async (networks, seconds) => (await ask('/networks/change', { networks, seconds }))['changed'] === true,
    keepNetworks: tell('/networks/keep'),
    revertNetworks: tell('/networks/revert'),
    commitNetworks: tell('/networks/commit'),
  };
}
