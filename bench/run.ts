import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { agent } from './agent.ts';
import { answers } from './answers.ts';
import { api } from './api.ts';
import { certificates } from './certificates.ts';
import { dwh } from './dwh.ts';
import { firstQuestion } from './first-question.ts';
import { hosts } from './hosts.ts';
import { images } from './images.ts';
import { install } from './install.ts';
import { machinesApi } from './machines-api.ts';
import { ovn } from './ovn.ts';
import { plan } from './plan.ts';
import { meets, ratioOf, table, type Result } from './result.ts';
import { serialConsoles } from './serial-consoles.ts';
import { startup } from './startup.ts';
import { warehouse } from './warehouse.ts';
import { websocket } from './websocket.ts';
import { wholeHost } from './whole-host.ts';

/*
 * `npm run bench`: all benchmarks, or those named: `npm run bench -- startup certificates`.
 * Prints one table and writes the same figures to bench/results. Ends with code 1 if a target
 * is missed or a benchmark could not run.
 */

const benchmarks: Readonly<Record<string, () => Promise<readonly Result[]>>> = {
  startup,
  certificates,
  firstQuestion,
  answers,
  plan,
  install,
  api,
  machinesApi,
  websocket,
  serialConsoles,
  images,
  hosts,
  agent,
  dwh,
  warehouse,
  ovn,
  wholeHost,
};

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(benchmarks);
const results: Result[] = [];
let broken = false;
for (const name of names) {
  const benchmark = benchmarks[name];
  if (benchmark === undefined) throw new Error(`no benchmark ${name}; there are ${Object.keys(benchmarks).join(', ')}`);
  console.error(`measuring ${name} ...`);
  try {
    results.push(...(await benchmark()));
  } catch (error) {
    // What was measured is worth showing even if one of the benchmarks could not run.
    broken = true;
    console.error(error);
  }
}
console.log(table(results));

const date = new Date().toISOString();
const machine = { node: process.versions.node, processors: cpus().length, memoryMB: Math.round(totalmem() / 2 ** 20) };
const figures = results.map((result) => ({ ...result, ratio: ratioOf(result), met: meets(result) }));
const folder = new URL('results/', import.meta.url);
await mkdir(folder, { recursive: true });
await writeFile(new URL(`${date.replaceAll(':', '-')}.json`, folder), JSON.stringify({ date, machine, results: figures }, null, 2) + '\n');
process.exitCode = !broken && results.every(meets) ? 0 : 1;
