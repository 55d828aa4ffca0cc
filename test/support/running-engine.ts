import { afterAll, beforeAll } from 'vitest';
import { addAdmin, type EngineOptions, startEngine, type TestEngine } from './engine.ts';
import { startPostgres, type TestPostgres } from './postgres.ts';
import { there } from './there.ts';

/** What the tests of a file share. To be used inside of tests and hooks, where it runs. */
export interface RunningEngine {
  readonly engine: TestEngine;
  readonly postgres: TestPostgres;
}

/** Runs a database with an administrator, and an engine, for all tests of the file. */
export function useEngine(
  prepare: (postgres: TestPostgres) => Promise<unknown> = async () => undefined,
  options: EngineOptions = {},
): RunningEngine {
  let postgres: TestPostgres | undefined;
  let engine: TestEngine | undefined;
  beforeAll(async () => {
    postgres = await startPostgres();
    await addAdmin(postgres);
    await prepare(postgres);
    engine = await startEngine(postgres, options);
  });
  afterAll(async () => {
    await engine?.stop();
    await postgres?.stop();
  });
  return {
    get engine() {
      return there(engine);
    },
    get postgres() {
      return there(postgres);
    },
  };
}
