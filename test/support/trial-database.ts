import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runSql } from './sql.ts';
import type { Trial } from './trial.ts';

/** Runs a statement in the database of the engine of a trial, as its owner. */
export async function engineSql({ root, databasePort }: Trial, statement: string): Promise<void> {
  const configuration = readFileSync(join(root, 'etc/ovirt-engine/engine.conf.d/10-setup-database.conf'), 'utf8');
  const password = /^ENGINE_DB_PASSWORD="(.*)"$/m.exec(configuration)?.[1]?.replace(/\\(.)/g, '$1') ?? '';
  await runSql({ host: '127.0.0.1', port: databasePort, user: 'engine', database: 'engine', password }, statement);
}
