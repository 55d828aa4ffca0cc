import type { ChildProcess } from 'node:child_process';
import { BadCommand, helpText, readCommand, type Wish } from './command.ts';
import type { EngineDoor, KnownUser, SerialConsole, ShownKey } from '../engine-door.ts';
import { sshArguments } from './host-connection.ts';
import { choose, type MenuTerminal, printable } from './menu.ts';
import { keepConnected } from './session.ts';
import type { Settings } from '../settings.ts';

/** Somebody whom sshd has let in. */
export interface Visitor {
  readonly user: KnownUser;
  readonly key: ShownKey;
  /** The address that the user has come from. */
  readonly source: string;
  /** The words that came along; empty for none. */
  readonly words: string;
}

export interface Surroundings {
  readonly engine: EngineDoor;
  readonly settings: Settings;
  readonly terminal: MenuTerminal & { readonly isTerminal: boolean };
  readonly print: (text: string) => void;
  /** For what goes wrong. */
  readonly complain: (line: string) => void;
  /** Starts ssh with these words, on the terminal. */
  readonly connect: (words: readonly string[]) => ChildProcess;
  /** Aborted when the terminal is gone, or the service ends. */
  readonly gone: AbortSignal;
  readonly now: () => number;
}

/** Something the user can do nothing about, or something about, but here it ends. */
class Ended extends Error {}

/** Does what a visitor wants. Returns the exit code: 0 done, 1 not, 2 for words that cannot be understood. Throws EngineSilence. */
export async function accept(visitor: Visitor, around: Surroundings): Promise<number> {
  try {
    return await follow(readCommand(visitor.words), visitor, around);
  } catch (error) {
    if (!(error instanceof BadCommand) && !(error instanceof Ended)) throw error;
    around.complain(error.message);
    return error instanceof BadCommand ? 2 : 1;
  }
}

async function follow(wish: Wish, visitor: Visitor, around: Surroundings): Promise<number> {
  const { engine, print } = around;
  const { user, source } = visitor;
  switch (wish.command) {
    case 'help':
      print(helpText);
      return 0;
    case 'info':
      print(`user: ${user.name}\nid: ${user.id}\nfrom: ${source}\nengine: ${around.settings.engine.baseUrl}\n`);
      return 0;
    case 'list':
      print(listText(await engine.consoles(user.id), wish.format));
      return 0;
    case 'menu':
    case 'connect': {
      if (!around.terminal.isTerminal) throw new Ended('A console needs a terminal. Use: ssh -t');
      const found = wish.command === 'menu' ? await fromMenu(visitor, around) : await named(wish.vm, visitor, around);
      return found === null ? 0 : connect(found, visitor, around);
    }
  }
}

function listText(consoles: readonly SerialConsole[], format: 'plain' | 'json'): string {
  if (format === 'plain') return consoles.map(({ vmId, vmName }) => `${vmId}\t${printable(vmName)}\n`).join('');
  const list = consoles.map(({ vmId, vmName }) => ({ vmid: vmId, vmname: vmName, vm: vmName, console: `${vmId}.sock` }));
  return `${JSON.stringify(list).replaceAll(/[\x7f-\x9f]|\p{Cf}/gu, escaped)}\n`;
}

/** JSON leaves these as they are, and terminals take some of them for commands. */
const escaped = (letter: string): string =>
  Array.from({ length: letter.length }, (_, at) => `\\u${letter.charCodeAt(at).toString(16).padStart(4, '0')}`).join('');

async function fromMenu({ user }: Visitor, { engine, terminal }: Surroundings): Promise<SerialConsole | null> {
  const consoles = await engine.consoles(user.id);
  const [first, ...more] = consoles;
  if (first === undefined) throw new Ended('There is no console that you may connect to now.');
  return more.length === 0 ? first : choose(consoles, terminal);
}

async function named(
  vm: { readonly id: string } | { readonly name: string },
  { user, key, source }: Visitor,
  { engine }: Surroundings,
): Promise<SerialConsole> {
  const fits = (one: SerialConsole): boolean => ('id' in vm ? one.vmId === vm.id : one.vmName === vm.name);
  const [found, ...more] = (await engine.consoles(user.id)).filter(fits);
  if (more.length > 0) throw new Ended('Several virtual machines have this name. Give --vm-id.');
  if (found !== undefined) return found;
  // The engine writes down what somebody has tried.
  await engine.access({ occasion: 'connect', userId: user.id, key, vm, source });
  throw new Ended('There is no such console that you may connect to now.');
}

async function connect(chosen: SerialConsole, { user, key, source }: Visitor, around: Surroundings): Promise<number> {
  const { engine, settings, complain, gone, now } = around;
  const attempt = { userId: user.id, key, vm: { id: chosen.vmId }, source };
  const words = sshArguments(chosen, settings.host);
  if (!(await engine.access({ ...attempt, occasion: 'connect' }))) throw new Ended('You may not use this console.');
  const code = await keepConnected({
    engine,
    attempt,
    checkMs: settings.checkMs,
    graceMs: settings.graceMs,
    now,
    start: () => around.connect(words),
    gone,
    say: complain,
  });
  // What ssh says when it never came to the other side.
  if (code === 255) throw new Ended('The console cannot be reached on its host, or the connection was lost.');
  return code;
}
