import { type Change, type Command, type Heading, type Host, type HostReader, SetupError, type Step, message } from '#kit';

export interface WantedCommand {
  /** Says, without changing anything, whether the command still has to run. */
  readonly look: (host: HostReader) => Promise<Change>;
  readonly run: (host: Host) => Promise<void>;
  readonly undo: Step['undo'];
}

/** Runs a program; a failure carries the end of what it said. */
export async function succeed(host: Host, command: Command): Promise<void> {
  const { code, stdout, stderr } = await host.run(command);
  if (code === 0) return;
  const said = (stderr.trim() === '' ? stdout : stderr).trim().split('\n').slice(-5).join('\n');
  throw new SetupError('failed', message`${command.argv.join(' ')} ended with code ${code}: ${said}`);
}

/** The last resort: a command, never without a look that says whether it is still needed. */
export const command = (heading: Heading, wanted: WantedCommand): Step => ({
  ...heading,
  undo: wanted.undo,
  check: wanted.look,
  apply: wanted.run,
});
