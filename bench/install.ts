import { execFile } from 'node:child_process';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Status } from '../src/setup/cli/installation.ts';
import { freePort } from '../test/support/free-port.ts';
import { databaseByHand } from './database-by-hand.ts';
import { memoryMB, runToEnd, sample } from './measure.ts';
import { bareNode, engineSetup, inTemporaryDirectory } from './program.ts';
import type { Result } from './result.ts';

const rounds = 3;
/** After this long without work the engine has given back what it needed to start. */
const restMs = 5000;

/** Answers for an installation beside whatever else runs on this machine. */
const answers = async (): Promise<string> => `[environment:default]
OVESETUP_CONFIG/fqdn=str:localhost
OVESETUP_CONFIG/publicHttpsPort=int:${await freePort()}
OVESETUP_DB/port=int:${await freePort()}
OVESETUP_CONFIG/imageioProxyPort=int:${await freePort()}
OVESETUP_VMCONSOLE_PROXY_CONFIG/vmconsoleProxyTrialPort=int:${await freePort()}
OVESETUP_OVN/ovirtProviderOvnKeystonePort=int:${await freePort()}
OVESETUP_OVN/ovirtProviderOvnNeutronPort=int:${await freePort()}
OVESETUP_OVN/northboundPort=int:${await freePort()}
OVESETUP_OVN/southboundPort=int:${await freePort()}
OVESETUP_CONFIG/fenceKdumpListenerPort=int:${await freePort()}
OVESETUP_CONFIG/adminPassword=str:bench-Admin-4711
`;

interface Round {
  readonly byHand: number;
  readonly first: number;
  /** Both schemas, from nothing. */
  readonly schema: number;
  readonly second: number;
  readonly wizardMB: number;
  readonly engineMB: number;
  readonly bare: number;
  readonly bareMB: number;
}

/** One installation from nothing, one run more on top of it, and the peers; everything is ended and removed again. */
const round = (): Promise<Round> =>
  inTemporaryDirectory(async (directory) => {
    const file = join(directory, 'answers.conf');
    const root = join(directory, 'root');
    await writeFile(file, await answers());
    const install = () => runToEnd({ argv: [engineSetup, `--root=${root}`, `--config-append=${file}`, '--yes'] }, true);
    try {
      const byHand = await databaseByHand();
      const first = await install();
      const second = await install();
      const bare = await runToEnd({ argv: bareNode });
      // Long enough alive for its memory to be read.
      const idle = await runToEnd({ argv: [process.execPath, '-e', 'setTimeout(() => {}, 200)'] }, true);
      await sleep(restMs);
      return {
        byHand,
        first: first.ms,
        schema: await schemaTime(root),
        second: second.ms,
        wizardMB: Math.max(first.peakMB, second.peakMB),
        engineMB: await engineMemory(root),
        bare: bare.ms,
        bareMB: idle.peakMB,
      };
    } finally {
      await runToEnd({ argv: [engineSetup, 'sandbox', 'stop', `--root=${root}`] });
    }
  });

/** How long the schema steps took, as the journal of the run has it. */
async function schemaTime(root: string): Promise<number> {
  const runs = join(root, 'var/lib/ovirt-engine/setup/runs');
  const [run = ''] = await readdir(runs);
  const lines = (await readFile(join(runs, run, 'journal'), 'utf8')).trim().split('\n');
  const entries = lines.map((line) => JSON.parse(line) as { readonly t: string; readonly step?: string; readonly ms?: number });
  const steps = entries.filter(({ t, step }) => t === 'done' && ['engine/schema', 'engine/directory-schema'].includes(step ?? ''));
  if (steps.length !== 2) throw new Error(`the journal of ${run} names no schema steps`);
  return steps.reduce((sum, { ms = 0 }) => sum + ms, 0);
}

async function engineMemory(root: string): Promise<number> {
  const status = JSON.parse((await promisify(execFile)(engineSetup, ['status', `--root=${root}`, '--json'])).stdout) as Status;
  const pid = status.services.find(({ name }) => name === 'ovirt-engine')?.pid;
  const memory = pid === undefined ? undefined : await memoryMB(pid, 'VmRSS');
  if (memory === undefined) throw new Error(`no engine runs on ${root}`);
  return memory;
}

/** Time and memory of an unattended installation, and of the run after it that finds nothing to do. */
export async function install(): Promise<readonly Result[]> {
  const all: Round[] = [];
  for (let n = 0; n < rounds; n++) all.push(await round());
  const of = (field: keyof Round) => sample(all.map((one) => one[field]));
  const bareMemory = { name: 'idle node', sample: of('bareMB') };
  return [
    {
      name: 'installation, first run',
      unit: 'ms',
      ours: of('first'),
      peer: { name: 'initdb and start', sample: of('byHand') },
      target: { limit: 6000 },
    },
    {
      name: 'schema, from nothing',
      unit: 'ms',
      ours: of('schema'),
      peer: { name: 'initdb and start', sample: of('byHand') },
      target: { limit: 1000 },
    },
    {
      name: 'installation, nothing to do',
      unit: 'ms',
      ours: of('second'),
      peer: { name: 'node -e 0', sample: of('bare') },
      target: { limit: 1000 },
    },
    { name: 'memory of the wizard, peak', unit: 'MB', ours: of('wizardMB'), peer: bareMemory, target: { limit: 150 } },
    { name: 'memory of the engine at rest', unit: 'MB', ours: of('engineMB'), peer: bareMemory, target: { limit: 120 } },
  ];
}
