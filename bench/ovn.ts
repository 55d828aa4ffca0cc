import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { startOvn, type TestOvn } from '../test/support/ovn.ts';
import { startOvnProvider, type TestProvider } from '../test/support/ovn-provider.ts';
import { startSignOn } from '../test/support/sign-on-server.ts';
import { makePki, type TestPki } from '../test/support/websocket-proxy.ts';
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

async function theirPorts(socket: string): Promise<void> {
  const nbctl = (...args: string[]) => run('ovn-nbctl', args, { env: { ...process.env, OVN_NB_DAEMON: socket } });
  for (let number = 0; number < ports; number++) {
    const name = `port${number}`;
    await nbctl(
      'lsp-add',
      'theirs',
      name,
      '--',
      'lsp-set-addresses',
      name,
      macOf(number),
      '--',
      'lsp-set-port-security',
      name,
      macOf(number),
    );
  }
  for (let number = 0; number < ports; number++) await nbctl('lsp-del', `port${number}`);
}

/** Starts ovn-nbctl as a daemon; returns the socket by which others reach it. */
async function startDaemon(ovn: TestOvn): Promise<{ socket: string; stop: () => Promise<unknown> }> {
  const pid = join(ovn.folder, 'nbctl.pid');
  const env = { ...process.env, OVN_RUNDIR: ovn.folder };
  const { stdout } = await run('ovn-nbctl', [`--db=${ovn.socket}`, '--detach', `--pidfile=${pid}`, `--log-file=${ovn.folder}/nbctl.log`], {
    env,
  });
  const socket = stdout.trim();
  return { socket, stop: () => run('ovs-appctl', ['-t', socket, 'exit']) };
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
      theirs: () => timed(() => theirPorts(daemon.socket)),
    });
    for (let number = 1; number < networks; number++) await call('POST', '/v2.0/networks', { network: { name: `net${number}` } });
    const gets: number[] = [];
    for (let turn = 0; turn < 1_000; turn++) gets.push(await timed(() => call('GET', '/v2.0/networks')));

    // The first ones fill caches of the runtime, which are no leak.
    const before = await storm(provider, pki);
    const after = await storm(provider, pki);
    if (after.descriptors > before.descriptors) {
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
