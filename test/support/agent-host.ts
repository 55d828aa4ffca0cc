import { readFile, writeFile } from 'node:fs/promises';
import { type AgentClient, connectAgent } from './agent-client.ts';
import { render } from '../../src/setup/render/render.ts';
import { makePki, type TestPki } from './pki.ts';
import { type TestHost, bootHost, programOnHost } from './test-host.ts';
import { eventually } from './trial.ts';

const node = `${programOnHost}/node_modules/.bin/node`;

/** A host of its own on which the agent runs as a service, with libvirt and QEMU. Its helper, `ovirt-host-helper`, is not started yet. */
export interface AgentHost {
  readonly host: TestHost;
  readonly pki: TestPki;
  /** Runs a line as root. Throws where it fails. */
  shell(line: string): Promise<string>;
  connect(): Promise<AgentClient>;
  /** Starts the agent, which a host that was booted again has no more. */
  begin(): Promise<void>;
  /** Connects as soon as the agent knows its machines. */
  ready(): Promise<AgentClient>;
  remove(): Promise<void>;
}

/** Boots a host without KVM and starts the agent on it, as an account that may do no more than it needs. */
export async function startAgentHost(): Promise<AgentHost> {
  const [host, pki] = await Promise.all([bootHost('with libvirt'), makePki()]);
  const shell = async (line: string): Promise<string> => {
    const { code, stdout, stderr } = await host.run(['sh', '-c', line]);
    if (code !== 0) throw new Error(`${line}: ${stderr}${stdout}`);
    return stdout;
  };
  const connect = async (): Promise<AgentClient> =>
    connectAgent({
      path: host.path('/run/agent.sock'),
      ca: pki.ca,
      cert: await readFile(pki.path('engine.pem')),
      key: await readFile(pki.path('engine.key')),
    });
  const folder = '/etc/pki/vdsm';
  const settings = {
    SSL_CERTIFICATE: `${folder}/host.pem`,
    SSL_KEY: `${folder}/host.key`,
    SSL_CA: `${folder}/ca.pem`,
    CLIENT_NAMES: 'engine',
    HEALTH_SOCKET: '/run/host-agent/health.sock',
    MACHINE_FOLDER: '/run/host-agent/machines',
    SPICE_TLS: 'True',
  };
  const consoles = '/var/run/ovirt-vmconsole-console';
  await shell(
    `mkdir -p ${folder} /etc/host-agent.conf.d ${consoles} && useradd --system --gid kvm --groups libvirt vdsm && chown libvirt-qemu ${consoles}`,
  );
  for (const file of ['host.pem', 'host.key', 'ca.pem', 'engine.pem', 'engine.key']) await host.copy(pki.path(file), `${folder}/${file}`);
  const lines = Object.entries(settings).map(([key, value]) => `${key}="${value}"\n`);
  await writeFile(host.path('/etc/host-agent.conf.d/10-setup.conf'), lines.join(''));
  const displays = '/etc/pki/libvirt-spice';
  await shell(`mkdir ${displays} && cp ${folder}/ca.pem ${displays}/ca-cert.pem && cp ${folder}/host.pem ${displays}/server-cert.pem
    install --mode=640 --group=libvirt-qemu ${folder}/host.key ${displays}/server-key.pem
    printf 'spice_tls = 1\\nspice_tls_x509_cert_dir = "${displays}"\\n' >>/etc/libvirt/qemu.conf`);
  const helper = render('systemd/ovirt-host-helper.service', {
    unit: 'ovirt-host-helper',
    account: 'root',
    command: [node, `${programOnHost}/src/services/host-helper/main.ts`],
    environment: ['HOST_HELPER_CONF=/etc/helper.conf'],
    logFile: '/var/log/helper.log',
    capabilities: ['CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_FOWNER'],
  });
  await writeFile(host.path('/etc/systemd/system/ovirt-host-helper.service'), helper);
  await shell(`mkdir -p /usr/local/lib/systemd/network /rhev/data-center/mnt && systemctl daemon-reload
    printf 'AGENT_UID="%s"\\nAGENT_GID="%s"\\n' $(id -u vdsm) $(id -g vdsm) >/etc/helper.conf`);
  const begin = async (): Promise<void> => {
    await shell(`systemd-run --quiet --collect --unit=door socat UNIX-LISTEN:/run/agent.sock,fork,unlink-early TCP:127.0.0.1:54321
      systemd-run --quiet --collect --unit=agent --uid=vdsm --property=Restart=always --property=StartLimitIntervalSec=0 --property=RuntimeDirectory=host-agent --property=RuntimeDirectoryPreserve=yes \
        --setenv=HOST_AGENT_CONF=/etc/host-agent.conf ${node} ${programOnHost}/src/services/host-agent/main.ts`);
  };
  // Groups of control are not for a container to make.
  await shell(`chown vdsm:kvm ${folder}/host.key && chmod 600 ${folder}/*.key
    echo 'cgroup_controllers = []' >>/etc/libvirt/qemu.conf && systemctl restart libvirtd`);
  await begin();
  return {
    host,
    pki,
    shell,
    connect,
    begin,
    async ready() {
      let client: AgentClient | undefined;
      await eventually('the agent is ready', async () => {
        client?.end();
        client = await connect().catch(() => undefined);
        return client !== undefined && (await client.call('Host.ping').catch(() => ({ error: true }))).error === undefined;
      });
      if (client === undefined) throw new Error('the agent is not there');
      return client;
    },
    async remove() {
      await host.remove();
      await pki.remove();
    },
  };
}
