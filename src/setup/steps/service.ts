import { type Heading, type Host, type HostReader, SetupError, type Step, type Text, type Undo, message, nothing } from '#kit';

export interface WantedService {
  readonly unit: string;
  /** Whether the service answers, with the settings it should have. Asked while it runs; default: a running unit is enough. */
  readonly answers?: (host: HostReader) => Promise<boolean>;
  /** How long to wait for an answer after a start. */
  readonly limitMs?: number;
  /** Where to look when it does not answer. */
  readonly remedy?: Text;
  /** A restart that is owed to the unit is made here, rather than before all services that were stopped are started. */
  readonly restarts?: boolean;
}

async function untilItAnswers(host: Host, { unit, answers, limitMs = 60_000, remedy }: WantedService): Promise<void> {
  if (answers === undefined) return;
  const deadline = host.now().getTime() + limitMs;
  for (;;) {
    if (await answers(host)) return;
    if (!(await host.services.isActive(unit)))
      throw new SetupError('failed', message`${unit} ended while it was starting`, remedy === undefined ? {} : { remedy });
    if (host.now().getTime() > deadline)
      throw new SetupError('failed', message`${unit} runs but does not answer`, remedy === undefined ? {} : { remedy });
    await host.sleep(20);
  }
}

/** For a step that enables a unit and lets it run: a note of how the unit was, and the way back to that. */
export const unitAsBefore = (unit: string): Required<Pick<Step, 'prepare'>> & { readonly undo: Extract<Undo, { run: unknown }> } => ({
  prepare: async (host) => ({ active: await host.services.isActive(unit), enabled: await host.services.isEnabled(unit) }),
  undo: {
    async run(host, kept) {
      const { active, enabled } = kept as { active: boolean; enabled: boolean };
      if (!active) await host.services.stop(unit);
      if (!enabled) await host.services.enable(unit, false);
    },
  },
});

/** A service that is enabled, runs and answers. One that runs but does not answer as it should is restarted. */
export function running(heading: Heading, wanted: WantedService): Step {
  const { unit, answers } = wanted;
  const isRight = async (host: HostReader): Promise<Text | undefined> => {
    if (!(await host.services.isEnabled(unit))) return message`${unit} is not enabled`;
    if (!(await host.services.isActive(unit))) return message`${unit} is not running`;
    if (answers !== undefined && !(await answers(host))) return message`${unit} does not answer as it should`;
    return undefined;
  };
  return {
    ...heading,
    ...unitAsBefore(unit),
    starts: unit,
    restarts: wanted.restarts === true,
    async check(host) {
      const note = await isRight(host);
      return note === undefined ? nothing : { kind: 'run', note };
    },
    async apply(host) {
      if (!(await host.services.isEnabled(unit))) await host.services.enable(unit, true);
      if (await host.services.isActive(unit)) await host.services.restart(unit);
      else await host.services.start(unit);
      await untilItAnswers(host, wanted);
    },
  };
}
