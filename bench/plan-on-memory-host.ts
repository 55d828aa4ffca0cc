import { planOnly } from '../src/setup/core/plan-only.ts';
import { newMachine } from '../src/setup/host/memory/index.ts';
import { conf, silentRun } from '../test/support/installation.ts';

/* The plan of a full installation on a machine in memory: the whole program of `bench/plan.ts`. */

const run = await silentRun(newMachine(), [conf({ 'OVESETUP_CONFIG/adminPassword': 'str:bench-Wort-77' })]);
const { plan } = await planOnly(run);
if (plan.pending < 20) throw new Error(`a full installation has more than ${plan.pending} steps`);
