import { parseArgs } from 'node:util';

/** What a user wants, by the words behind `ssh ... HOST`. */
export type Wish =
  | { readonly command: 'menu' }
  | { readonly command: 'connect'; readonly vm: { readonly id: string } | { readonly name: string } }
  | { readonly command: 'list'; readonly format: 'plain' | 'json' }
  | { readonly command: 'info' }
  | { readonly command: 'help' };

/** Words that mean nothing. The message is a sentence for the user. */
export class BadCommand extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BadCommand';
  }
}

export const helpText = `Consoles of virtual machines:

  connect [--vm-id=ID | --vm-name=NAME]   connects to a console; without a name, one is chosen
  list [--format=plain|json]              lists the consoles that you may connect to
  info                                    says who you are here
  help                                    shows this text

A console needs a terminal: ssh -t. To leave it, press Enter, ~ and . one after the other.
`;

const longest = 4096;

function parsed<Options extends NonNullable<Parameters<typeof parseArgs>[0]>['options']>(words: readonly string[], options: Options) {
  try {
    return parseArgs({ args: [...words], options, strict: true, allowPositionals: false }).values;
  } catch {
    throw new BadCommand(`That cannot be understood. See: help`);
  }
}

/** Reads the words that came with a session; none of them where there is only a session. Throws BadCommand. */
export function readCommand(text: string): Wish {
  if (text.length > longest) throw new BadCommand('That is too long.');
  const [command, ...words] = text.split(/\s+/).filter((word) => word !== '');
  switch (command) {
    case undefined:
      return { command: 'menu' };
    case 'connect': {
      const found = parsed(words, { 'vm-id': { type: 'string' }, 'vm-name': { type: 'string' } } as const);
      const { 'vm-id': id, 'vm-name': name } = found;
      if (id !== undefined && name !== undefined) throw new BadCommand('Give --vm-id or --vm-name, not both.');
      if (id !== undefined) {
        if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) throw new BadCommand('The id of a virtual machine is a UUID.');
        return { command, vm: { id: id.toLowerCase() } };
      }
      if (name === '') throw new BadCommand('The name of a virtual machine is missing.');
      return name === undefined ? { command: 'menu' } : { command, vm: { name } };
    }
    case 'list': {
      const { format } = parsed(words, { format: { type: 'string', default: 'plain' } } as const);
      if (format !== 'plain' && format !== 'json') throw new BadCommand('The format is plain or json.');
      return { command, format };
    }
    case 'info':
    case 'help':
      parsed(words, {});
      return { command };
    default:
      throw new BadCommand('There is no such command. See: help');
  }
}
