import type { Fact, HostReader } from '#kit';

/** The values of all facts, by id. */
export type Facts = ReadonlyMap<string, unknown>;

/** Reads every fact once, side by side. A fact that cannot be read is a bug or a broken host: it throws what the probe threw. */
export async function probe(facts: readonly Fact<unknown>[], host: HostReader): Promise<Facts> {
  const unique = [...new Map(facts.map((fact) => [fact.id, fact])).values()];
  return new Map(await Promise.all(unique.map(async (fact) => [fact.id, await fact.probe(host)] as const)));
}
