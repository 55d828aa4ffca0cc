import { askLocally } from '../../frame/local-request.ts';

/** What the agent has root do for it (src/services/host-helper). */
export interface HelperDoor {
  /**
   * Mounts a file system and returns the folder at which it is seen. Throws HelperRefusal.
   * @param fileSystem as the helper knows it: `nfs`, `ceph`, ...
   */
  mount(source: string, fileSystem: string, options: string): Promise<string>;
  /** Unmounts it; nothing happens where it is not mounted. Throws HelperRefusal. */
  unmount(source: string): Promise<void>;
}

/** What the helper says when it does not do something. */
export class HelperRefusal extends Error {
  /** Whether it was asked for something that is not allowed, and asking again leads nowhere. */
  readonly isInvalid: boolean;

  constructor(message: string, isInvalid: boolean, cause?: unknown) {
    super(message, { cause });
    this.name = 'HelperRefusal';
    this.isInvalid = isInvalid;
  }
}

/** Longer than the helper waits for a mount. */
const timeoutMs = 150_000;

/** Opens the door to the helper that listens at a socket. */
export function helperDoor(socket: string): HelperDoor {
  const ask = async (verb: string, body: object): Promise<Readonly<Record<string, unknown>>> => {
    const answer = await askLocally(socket, 'POST', verb, { body, timeoutMs }).catch((error: unknown) => {
      throw new HelperRefusal(`The helper does not answer at ${socket}: is its service running?`, false, error);
    });
    const content = JSON.parse(answer.body) as Readonly<Record<string, unknown>>;
    if (answer.status === 200) return content;
    throw new HelperRefusal(String(content['error']), answer.status === 400);
  };
  return {
    mount: async (source, fileSystem, options) => String((await ask('/mount', { source, fileSystem, options }))['point']),
    async unmount(source) {
      await ask('/unmount', { source });
    },
  };
}
