import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { once } from 'node:events';
import { Agent, request } from 'node:https';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { openSession } from '../src/services/ovn-provider/ovsdb/session.ts';
import { startOvn, type TestOvn } from '../test/support/ovn.ts';
import { startOvnProvider, type TestProvider } from '../test/support/ovn-provider.ts';
import { makePki, type TestPki } from '../test/support/pki.ts';
import { startSignOn } from '../test/support/sign-on-server.ts';
import { interleaved, memoryMB, sample, timed } from './measure.ts';
import type { Result } from './result.ts';

/*
 * The provider of networks, over TLS on a kept connection and with its own TLS to OVN, beside ovn-nbctl in daemon mode on a socket of the
 * same kind of database: each port is one request with us, and one command with it. Ours are in security groups besides.
 */

const run = promisify(execFile);
const ports = 1_000;
const networks = 100;
const connections = 10_000;
const rounds = 3;
const warmups = 4;

type Call = (method: string, path: string, body?: object) => Promise<Readonly<Record<string, { id: string }>>>;

/** Calls the network API; throws for everything that is no success. */
const caller =
  (provider: TestProvider, pki: TestPki, agent: Agent): Call =>
  (method, path, body) =>
    new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const length = text === undefined ? {} : { 'content-length': Buffer.byteLength(text) };
      const headers = { 'x-auth-token': 'token', ...length };
      const options = { host: 'localhost', family: 4, port: provider.neutronPort, path, method, headers, agent, ca: pki.ca };
      request(options, (response) => {
        let answer = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
        response.on('end', () => {
          const status = response.statusCode ?? 0;
          if (status >= 300) reject(new Error(`${method} ${path} was answered with ${status}: ${answer}`));
          else resolve(answer === '' ? {} : (JSON.parse(answer) as Awaited<ReturnType<Call>>));
        });
      })
        .on('error', reject)
        .end(text);
    });

async function ourPorts(call: Call, networkId: string): Promise<void> {
  const ids: string[] = [];
  for (let number = 0; number < ports; number++) {
    const port = { network_id: networkId, name: `nic${number}`, mac_address: macOf(number) };
    ids.push((await call('POST', '/v2.0/ports', { port }))['port']?.id ?? '');
  }
  for (const id of ids) await call('DELETE', `/v2.0/ports/${id}`);
}

const macOf = (number: number): string =>
  `02:00:00:00:${(number >> 8).toString(16).padStart(2, '0')}:${(number & 255).toString(16).padStart(2, '0')}`;

/** Commands of ovn-nbctl, each one transaction, sent to its daemon over its socket as the program itself sends them: no process is begun. */
async function theirPorts(daemon: Daemon): Promise<void> {
  for (let number = 0; number < ports; number++) {
    const [name, mac] = [`port${number}`, macOf(number)];
    await daemon.run('lsp-add', 'theirs', name, '--', 'lsp-set-addresses', name, mac, '--', 'lsp-set-port-security', name, mac);
  }
  for (let number = 0; number < ports; number++) await daemon.run('lsp-del', `port${number}`);
}

interface Daemon {
  run(...args: string[]): Promise<void>;
  stop(): Promise<void>;
}

/** Starts ovn-nbctl as a daemon, and speaks with it (ovs-appctl(8)). */
async function startDaemon(ovn: TestOvn): Promise<Daemon> {
  const env = { ...process.env, OVN_RUNDIR: ovn.folder };
  const args = [`--db=${ovn.socket}`, '--detach', `--pidfile=${ovn.folder}/nbctl.pid`, `--log-file=${ovn.folder}/nbctl.log`];
  const { stdout } = await run('ovn-nbctl', args, { env });
  const socket = connect(stdout.trim());
  await once(socket, 'connect');
  const session = openSession(socket, { onNotification: () => undefined, answerMs: 60_000, silenceMs: 600_000 });
  return {
    async run(...words) {
      await session.call('run', words);
    },
    async stop() {
      await session.call('exit', []).catch(() => undefined);
      session.close('done');
    },
  };
}

const descriptors = async (pid: number): Promise<number> => (await readdir(`/proc/${pid}/fd`)).length;

/** Opens and closes connections, each with a request, some at once. Returns descriptors and memory once all is quiet. */
async function storm(provider: TestProvider, pki: TestPki): Promise<{ descriptors: number; memory: number }> {
  let left = connections;
  const worker = async (): Promise<void> => {
    while (left-- > 0) {
      const agent = new Agent({ keepAlive: false });
      await caller(provider, pki, agent)('GET', '/v2.0/extensions');
      agent.destroy();
    }
  };
  await Promise.all(Array.from({ length: 16 }, worker));
  await sleep(3_000);
  return { descriptors: await descriptors(provider.pid), memory: (await memoryMB(provider.pid, 'VmRSS')) ?? NaN };
}

/** The provider of networks, beside OVN's own program. */
export async function ovn(): Promise<readonly Result[]> {
  const pki = await makePki();
  const files = { key: pki.path('host.key'), certificate: pki.path('host.pem'), authority: pki.path('ca.pem') };
  const [mine, other, signOn] = [await startOvn({ files }), await startOvn(), await startSignOn(pki)];
  const provider = await startOvnProvider(pki, { port: signOn.port, authority: pki.path('ca.pem') }, mine.tls);
  await provider.sees('connected with the northbound database');
  const daemon = await startDaemon(other);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const call = caller(provider, pki, agent);
  try {
    await other.nbctl('ls-add', 'theirs');
    const { network } = await call('POST', '/v2.0/networks', { network: { name: 'ours' } });
    const subjects = await interleaved(rounds, {
      ours: () => timed(() => ourPorts(call, network?.id ?? '')),
      theirs: () => timed(() => theirPorts(daemon)),
    });
    for (let number = 1; number < networks; number++) await call('POST', '/v2.0/networks', { network: { name: `net${number}` } });
    const gets: number[] = [];
    for (let turn = 0; turn < 1_000; turn++) gets.push(await timed(() => call('GET', '/v2.0/networks')));

    // The first ones fill caches of the runtime, which are no leak.
    for (let round = 1; round < warmups; round++) await storm(provider, pki);
    const before = await storm(provider, pki);
    const after = await storm(provider, pki);
    // One connection with the engine is kept for a while, or not.
    if (after.descriptors > before.descriptors + 1) {
      throw new Error(`${after.descriptors - before.descriptors} descriptors are left of ${connections} connections`);
    }
    return [
      {
        name: `OVN: ${ports} ports, made and removed`,
        unit: 'ms',
        ours: subjects.ours,
        peer: { name: 'ovn-nbctl daemon', sample: subjects.theirs },
        target: { ratio: 3 },
      },
      { name: `OVN: GET networks, of which there are ${networks}`, unit: 'ms', ours: sample(gets.slice(100)), target: { limit: 2 } },
      {
        name: `OVN: memory left behind by ${connections} connections`,
        unit: 'MB',
        ours: sample([Math.max(0, after.memory - before.memory)]),
        target: { limit: 1 },
      },
    ];
  } finally {
    agent.destroy();
    await provider.end('SIGKILL');
    await daemon.stop();
    await signOn.close();
    await mine.stop();
    await other.stop();
    await pki.remove();
  }
}
