import { type Log, errorFields } from '../../frame/log.ts';
import { VerbFailure } from '../verbs.ts';
import type { LibvirtEvent } from './events.ts';
import { type Libvirt, connectLibvirt } from './libvirt.ts';

/** Code of clients for what cannot be had at the moment. */
const unavailable = 40;
const againAfterMs = 1_000;

export interface Link {
  /** Libvirt. Throws VerbFailure (40) while it is away. */
  current(): Libvirt;
  isUp(): boolean;
  /** Connects; from here on it connects again whenever the connection is lost. Throws when it cannot be had now. */
  start(): Promise<void>;
  stop(): void;
}

export interface LinkParts {
  readonly socket: string;
  readonly uri: string;
  readonly log: Log;
  readonly told?: (event: LibvirtEvent) => void;
  /** Called with each new connection before anybody else has it: what happened meanwhile was told to nobody. */
  readonly connected?: (libvirt: Libvirt) => Promise<void>;
}

/** Keeps a connection with libvirt, whose daemon may be restarted at any time: virtual machines go on without it. */
export function createLink({ socket, uri, log, told, connected }: LinkParts): Link {
  let current: Libvirt | undefined;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  async function connect(): Promise<void> {
    const libvirt = await connectLibvirt({ socket, uri, told });
    try {
      await connected?.(libvirt);
    } catch (error) {
      libvirt.close();
      throw error;
    }
    current = libvirt;
    log.info('connected with libvirt', { socket });
    void libvirt.closed.then(() => {
      if (current === libvirt) current = undefined;
      if (stopped) return;
      log.warning('libvirt has gone, trying again', { socket });
      again();
    });
  }
  function again(): void {
    if (stopped) return;
    timer = setTimeout(() => {
      connect().catch((error: unknown) => {
        // Told once, when it went away; what else goes wrong is worth a line each time.
        if ((error as NodeJS.ErrnoException).code === undefined) log.warning('cannot connect with libvirt', errorFields(error));
        again();
      });
    }, againAfterMs);
  }

  return {
    current() {
      if (current === undefined) throw new VerbFailure(unavailable, `libvirt does not answer at ${socket}: look at the state of libvirtd`);
      return current;
    },
    isUp: () => current !== undefined,
    start: connect,
    stop() {
      stopped = true;
      clearTimeout(timer);
      current?.close();
    },
  };
}
