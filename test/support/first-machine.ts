import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect } from 'vitest';
import type { Json } from './api-calls.ts';
import { hostName } from './host-image.ts';
import { bootHost, wire } from './test-host.ts';
import type { Ended } from './trial.ts';
import { sanlockInContainer } from './storage-host.ts';
import { type WholeHost, canaries, forInstallation } from './whole-host.ts';

/*
 * What it takes for a first virtual machine: an engine's host, a compute host that the engine reaches, and a client that reaches the engine
 * alone, with the programs of this machine and a network of its own.
 */

/** Compute hosts, each with a network that it has with the engine's host alone: where that is in it, and itself. */
const computeHosts = [
  { name: 'node1.example.test', engine: '198.51.100.10', address: '198.51.100.20' },
  { name: 'node2.example.test', engine: '198.51.100.138', address: '198.51.100.148' },
] as const;
type ComputeHost = (typeof computeHosts)[number];
export const [nodeName, otherNodeName] = [computeHosts[0].name, computeHosts[1].name];
const [engineForClients, clientAddress] = ['203.0.113.10', '203.0.113.20'] as const;
/** The password of root on the compute host. */
export const nodePassword = 'canary-Wurzel%4715';

const answers = `[environment:default]
OVESETUP_CONFIG/fqdn=str:${hostName}
OVESETUP_CONFIG/adminPassword=str:${canaries.admin}
OVESETUP_CONFIG/updateFirewall=bool:True
OVESETUP_CONFIG/firewallManager=str:firewalld
OVESETUP_OVN/ovirtProviderOvn=bool:False
OVESETUP_DIALOG/confirmSettings=bool:True
`;

/** Gives a host its end of a wire. */
async function connect(host: WholeHost, card: string, name: string, address: string): Promise<void> {
  await host.plug(card);
  await host.shell(`ip link set ${card} name ${name} && ip address add ${address}/25 dev ${name} && ip link set ${name} up`);
}

/** A machine for an engine, where setup was told what to do and has not run yet. */
async function bootEngine(): Promise<WholeHost> {
  const host = await forInstallation(await bootHost('equipped'));
  await host.shell(`umask 077; cat >/root/answers.conf <<'END'\n${answers}END`);
  return host;
}

/** A Debian host as somebody has it who wants to run virtual machines on it: nothing but an SSH server where root gets in. */
async function bootNode({ name, engine, address }: ComputeHost, shared: string | undefined): Promise<WholeHost> {
  const host = await forInstallation(await bootHost('node', shared === undefined ? {} : { shared }));
  const names = `127.0.0.1 localhost\\n${address} ${name}\\n${engine} ${hostName}\\n`;
  await host.shell(`rm /root/answers.conf
hostname ${name} && echo ${name} >/etc/hostname && printf '${names}' >/etc/hosts && ip address flush dev eth0
echo 'PermitRootLogin yes' >/etc/ssh/sshd_config.d/test.conf && systemctl enable --quiet --now ssh
echo 'cgroup_controllers = []' >>/etc/libvirt/qemu.conf && systemctl restart libvirtd
mkdir -p /etc/systemd/system/sanlock.service.d && cat >/etc/systemd/system/sanlock.service.d/container.conf <<'END'
${sanlockInContainer}END
systemctl daemon-reload
rm -f /etc/ssh/ssh_host_* && ssh-keygen -A`);
  await writeFile(host.path('/run/password'), `root:${nodePassword}\n`, { mode: 0o600 });
  await host.shell('chpasswd </run/password && rm /run/password');
  return host;
}

/** Folders of a compute host that stand for storage which hosts have in common: an administrator has mounted them, and says so. */
export const folders = { data: '/srv/data', iso: '/srv/iso' } as const;

export interface Client {
  /** A folder for files of its own. */
  readonly folder: string;
  /** Words that start a program where the client is. */
  readonly inside: readonly string[];
  /** Runs a program of this machine where nothing but the engine's host can be reached. */
  run(argv: readonly string[], input?: string): Promise<Ended>;
  /** Calls the API with curl, as the administrator and with XML where there is something to send. Expects no fault. */
  api(method: string, path: string, xml?: string): Promise<Json>;
  remove(): Promise<void>;
}

/** A network of its own for clients, wired to the engine's host. */
async function startClient(engine: WholeHost): Promise<Client> {
  const folder = await mkdtemp(join(tmpdir(), 'client-'));
  await writeFile(join(folder, 'hosts'), `127.0.0.1 localhost\n${engineForClients} ${hostName}\n`);
  const place: ChildProcess = spawn(
    'setpriv',
    [
      '--pdeathsig',
      'KILL',
      'unshare',
      '--net',
      '--mount',
      'sh',
      '-c',
      `mount --bind ${folder}/hosts /etc/hosts && echo && exec sleep infinity`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await once(place.stdout ?? place, 'data');
  const words = ['nsenter', '-t', String(place.pid), '-n', '-m'] as const;
  const inside = (argv: readonly string[], input = ''): Promise<Ended> =>
    execa('env', [...words, ...argv], { reject: false, input }).then(({ exitCode, stdout, stderr }) => ({
      code: exitCode ?? null,
      stdout,
      stderr,
    }));
  const [atEngine, here] = await wire();
  await connect(engine, atEngine, 'clients', engineForClients);
  await execa('ip', ['link', 'set', here, 'netns', String(place.pid)]);
  for (const command of [
    ['link', 'set', 'lo', 'up'],
    ['address', 'add', `${clientAddress}/25`, 'dev', here],
    ['link', 'set', here, 'up'],
  ])
    expect(await inside(['ip', ...command])).toMatchObject({ code: 0 });
  const authority = (): string => engine.path('/etc/pki/ovirt-engine/ca.pem');
  return {
    folder,
    inside: words,
    run: inside,
    async api(method, path, xml) {
      const { code, stdout, stderr } = await inside(
        [
          ...['curl', '--silent', '--show-error', '--config', '-', '--cacert', authority(), '--request', method],
          ...['--header', 'Accept: application/json', '--header', 'Content-Type: application/xml', '--write-out', '\n%{http_code}'],
          ...(xml === undefined ? [] : ['--data', xml]),
          `https://${hostName}/ovirt-engine/api/${path}`,
        ],
        `user = "admin@internal:${canaries.admin}"\n`,
      );
      expect(code, stderr).toBe(0);
      const end = stdout.lastIndexOf('\n');
      const [body, status] = [stdout.slice(0, end), Number(stdout.slice(end + 1))];
      expect(status, `${method} ${path}: ${body}`).toBeLessThan(300);
      return (body === '' ? {} : JSON.parse(body)) as Json;
    },
    async remove() {
      place.kill('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/**
 * Tells a compute host, which the engine has set up, of the folders that may be used as storage. On a busy machine a service in a container can be
 * refused the control group that the one before has just left; systemd starts it again by itself then.
 */
export async function offerFolders(node: WholeHost, offered: readonly string[] = Object.values(folders)): Promise<void> {
  const all = offered.join(' ');
  await node.shell(`mkdir -p ${all} && chown 36:36 ${all}
echo 'SHARED_FOLDERS="${all}"' >/etc/ovirt-host-agent/helper.conf.d/99-folders.conf
{ systemctl restart ovirt-host-helper || systemctl start ovirt-host-helper; } && systemctl start sanlock`);
}

export interface FirstMachine {
  readonly engine: WholeHost;
  /** The compute hosts. */
  readonly nodes: readonly WholeHost[];
  /** The first one. */
  readonly node: WholeHost;
  readonly client: Client;
  /** Wires a compute host to the engine's, which it is not any more after its power was cut. */
  rewire(node: WholeHost): Promise<void>;
  remove(): Promise<void>;
}

/**
 * Boots the hosts, and makes a client. None of the hosts has anything of ours yet.
 * @param more.nodes how many compute hosts there are
 * @param more.shared a folder of this machine that all of them see as /srv/shared
 */
export async function prepareFirstMachine({
  nodes: count = 1,
  shared,
}: { readonly nodes?: 1 | 2; readonly shared?: string } = {}): Promise<FirstMachine> {
  const wanted = computeHosts.slice(0, count);
  const [engine, ...nodes] = await Promise.all([bootEngine(), ...wanted.map((host) => bootNode(host, shared))]);
  const rewire = async (node: WholeHost): Promise<void> => {
    const at = nodes.indexOf(node);
    const [cards, { engine: here, address: there }] = [await wire(), wanted[at] ?? computeHosts[0]];
    await connect(engine, cards[0], `wire${at}`, here);
    await connect(node, cards[1], 'wire0', there);
  };
  for (const node of nodes) await rewire(node);
  await engine.shell(`printf '${wanted.map(({ name, address }) => `${address} ${name}\\n`).join('')}' >>/etc/hosts`);
  const client = await startClient(engine);
  return {
    ...{ engine, nodes, client, rewire },
    node: nodes[0] ?? engine,
    async remove() {
      await client.remove();
      for (const host of [engine, ...nodes]) await host.remove();
    },
  };
}
