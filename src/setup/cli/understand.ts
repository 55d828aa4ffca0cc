import { type Arguments, readArguments } from './args.ts';
import type { Audience } from './conversation.ts';
import { takeApart } from './words.ts';

/** The statement to the framework of the original that stands for `--dialog=machine`. */
const machineStatement = /(?:^|[\s'"])DIALOG\/dialect=(?:str:)?machine(?:$|[\s'"])/;

/** Who waits for the end of a run, as far as a command line that is not understood tells. */
function audienceOf(argv: readonly string[]): Audience {
  const { values } = takeApart(argv);
  const statements = [...(values.get('set') ?? []), ...(values.get('otopi-environment') ?? [])];
  const machine = values.get('dialog')?.at(-1) === 'machine' || statements.some((said) => machineStatement.test(said));
  return {
    dialog: machine ? 'machine' : undefined,
    // Where events have a descriptor of their own, it may be what is wrong.
    events: !machine && values.has('events') && !values.has('events-fd'),
    eventsFd: undefined,
  };
}

/**
 * The command line as it is meant: statements to the framework of the original stand for options.
 * Throws SetupError `usage`; a program that waits for the end of a run has then been told, in its own language.
 */
export async function understand(argv: readonly string[]): Promise<Arguments> {
  try {
    const said = readArguments(argv);
    if (said.help || said.version) return said;
    const plain = said.set.length === 0 && said.otopiEnvironment === undefined;
    const args = plain ? said : (await import('./framework-statements.ts')).heedStatements(said);
    if (args.eventsFd !== undefined) (await import('./events-descriptor.ts')).checkEventsDescriptor(args.eventsFd);
    return args;
  } catch (error) {
    const audience = audienceOf(argv);
    const told = (audience.dialog !== undefined || audience.events) && !argv.includes('--json');
    if (told) await (await import('./end-unbegun.ts')).endUnbegun(audience, error);
    throw error;
  }
}
