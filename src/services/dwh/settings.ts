import type { Config } from '../frame/config.ts';
import { readDatabase } from '../frame/database-settings.ts';
import type { DatabaseSettings } from '../frame/database.ts';

export interface WarehouseSettings {
  readonly engine: DatabaseSettings;
  readonly history: DatabaseSettings;
  /** Tells this installation from every other; setup has written the same into the engine's database. */
  readonly uuid: string;
  readonly samplingSeconds: number;
  readonly keepHours: { readonly samples: number; readonly hourly: number; readonly daily: number };
  /** Hour of the day at which old rows are deleted. */
  readonly deletionHour: number;
  readonly errorEventMs: number;
  readonly healthSocket: string | null;
}

const hundredYears = 876_600;

/** Takes what the data warehouse needs from its configuration. Throws ConfigError naming the key and its line. */
export function readSettings(config: Config): WarehouseSettings {
  const hours = (key: string): number => config.integer(key, 0, hundredYears);
  return {
    engine: readDatabase(config, 'ENGINE_DB'),
    history: readDatabase(config, 'DWH_DB'),
    uuid: config.text('DWH_UUID'),
    // The seconds that a sample stands for are a small number in the database.
    samplingSeconds: config.integer('DWH_SAMPLING', 1, 3_600),
    keepHours: {
      samples: hours('DWH_TABLES_KEEP_SAMPLES'),
      hourly: hours('DWH_TABLES_KEEP_HOURLY'),
      daily: hours('DWH_TABLES_KEEP_DAILY'),
    },
    deletionHour: config.integer('DWH_DELETE_JOB_HOUR', 0, 23),
    errorEventMs: config.integer('DWH_ERROR_EVENT_INTERVAL', 0, 86_400_000),
    healthSocket: config.optionalText('DWH_HEALTH_SOCKET'),
  };
}
