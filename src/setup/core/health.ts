import { type HealthCheck, type HostReader, type Text, message, term, textOfError } from '#kit';

/** Waits until every service answers, each up to its own limit. Returns what is still wrong, with remedies. */
export async function waitHealthy(
  checks: readonly HealthCheck[],
  host: HostReader,
  signal: AbortSignal,
): Promise<readonly { readonly message: Text; readonly remedy: Text }[]> {
  const verdicts = await Promise.all(
    checks.map(async (check) => {
      const deadline = host.now().getTime() + check.limitMs;
      for (;;) {
        const wrong = await check.probe(host).catch(textOfError);
        if (wrong === undefined) return undefined;
        if (signal.aborted || host.now().getTime() > deadline)
          return { message: message`${check.name} is not healthy: ${term(wrong)}`, remedy: check.remedy };
        await host.sleep(25);
      }
    }),
  );
  return verdicts.filter((verdict) => verdict !== undefined);
}
