import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AgentClient, connectAgent } from './agent-client.ts';
import { type AgentHost, startAgentHost } from './agent-host.ts';
import { bootHost, programOnHost, type TestHost, wire } from './test-host.ts';
import { eventually } from './trial.ts';

/** Addresses of the host and of the machine that the engine is on, and what the first has of IPv6 beside it. */
export const addresses = {
  ...{ host: '198.51.100.10', engine: '198.51.100.1', stanza: '198.18.3.10' },
  ...{ host6: '2001:db8:51::10', router6: '2001:db8:51::1' },
} as const;
/**
 * Network cards of the host: one has its address from a file, the other by DHCP from the engine's machine. Of these systemd-networkd takes care, and
 * of the same once more ifupdown.
 */
export const cards = { fixed: 'lan1', dhcp: 'lan2', fixedStanza: 'lan3', dhcpStanza: 'lan4' } as const;

/** What ifupdown reads: as the installer writes it, and somebody has gone on. */
export const interfaces = `# This file describes the network interfaces available on your system
source /etc/network/interfaces.d/*

auto lo
iface lo inet loopback

auto ${cards.fixedStanza}
iface ${cards.fixedStanza} inet static
\taddress ${addresses.stanza} \\

\t# of that network
\tnetmask 255.255.255.0
\tup ip route add 198.18.4.0/24 via 198.18.3.1
allow-hotplug ${cards.dhcpStanza}
iface ${cards.dhcpStanza} inet dhcp
# This is an autoconfigured IPv6 interface
iface ${cards.dhcpStanza} inet6 auto
`;

const node = `${programOnHost}/node_modules/.bin/node`;
const relay = `const net = require('node:net');
net.createServer((near) => {
  const far = net.connect(54321, '${addresses.host}');
  near.pipe(far).pipe(near);
  for (const [one, other] of [[near, far], [far, near]]) one.on('error', () => undefined).on('close', () => other.destroy());
}).listen('/run/relay.sock');`;

/** An agent host with its helper, as an installation makes it, and network cards that systemd-networkd and ifupdown look after. */
export interface NetworkHost extends AgentHost {
  /** Connects from the engine's machine over the network. Throws where that does not work. */
  reach(): Promise<AgentClient>;
  /** Lets the agent hear of the engine over the network, as long as it takes: a connection for each call. Returns what ends it. */
  keepPinging(): () => Promise<void>;
  /** Cuts the power of the host, and has it and its agent start again. */
  restart(): Promise<void>;
}

const config = (name: string, lines: string): string => `cat >/etc/systemd/network/${name}.network <<'END'\n${lines}END\n`;

/** Boots the host, and the machine that the engine is on. */
export async function startNetworkHost(): Promise<NetworkHost> {
  const [agent, engine] = [await startAgentHost(), await bootHost('bare')];
  const { host, pki, shell } = agent;

  const plug = async (): Promise<void> => {
    for (const [at, name] of Object.values(cards).entries()) {
      const [here, there] = await wire();
      await Promise.all([host.plug(here), engine.plug(there)]);
      // A card is the same after a power cut, and is known by its address to who gives addresses.
      await shell(`ip link set ${here} name ${name} address 02:00:5e:00:53:0${at}`);
      await on(engine, `ip link set ${there} name ${name}`);
    }
    // Whom a file is for was asked when they still had other names.
    await on(engine, `networkctl reconfigure ${Object.values(cards).join(' ')}`);
    await shell(`networkctl reconfigure ${cards.fixed} ${cards.dhcp}`);
    // In a container no card announces itself. Where one does so late, the start of the host has waited for it in vain, and left its network out.
    const left = 'ifup -a --exclude=leased; ifup --allow=hotplug -a';
    await shell(`systemd-run --quiet --unit=late-cards --property=RemainAfterExit=yes sh -c '${left}'`);
  };
  const begin = async (): Promise<void> => {
    await plug();
    await shell('systemctl start ovirt-host-helper');
    await eventually('the host has its addresses', async () => /198\.51\.100\.10.*203\.0\.113\./s.test(await shell('ip -4 address')));
    await eventually('ifupdown has brought up its cards', async () => {
      const all = await shell('ip -4 address');
      return all.includes(addresses.stanza) && all.includes('203.0.112.');
    });
  };

  await on(
    engine,
    `mkdir -p /etc/systemd/network
${config('lan1', `[Match]\nName=lan1\n[Network]\nAddress=${addresses.engine}/24\n`)}
${config('lan2', '[Match]\nName=lan2\n[Network]\nAddress=203.0.113.1/24\nDHCPServer=yes\n[DHCPServer]\nEmitDNS=no\n')}
${config('lan3', '[Match]\nName=lan3\n[Network]\nAddress=198.18.3.1/24\n')}
${config('lan4', '[Match]\nName=lan4\n[Network]\nAddress=203.0.112.1/24\nDHCPServer=yes\n[DHCPServer]\nEmitDNS=no\nEmitRouter=no\n')}
systemctl restart systemd-networkd
cat >/run/relay.cjs <<'END'
${relay}
END
systemd-run --quiet --unit=relay ${node} /run/relay.cjs`,
  );
  await shell(`mkdir -p /etc/systemd/network
${config('lan1', `[Match]\nName=lan1\n[Network]\nAddress=${addresses.host}/24\nAddress=${addresses.host6}/64\nGateway=${addresses.engine}\nGateway=${addresses.router6}\nDNS=${addresses.engine}\n`)}
${config('lan2', '[Match]\nName=lan2\n[Network]\nDHCP=ipv4\n[DHCPv4]\nUseGateway=no\n')}
systemctl enable --quiet --now systemd-networkd`);
  await writeFile(host.path('/etc/network/interfaces'), interfaces);
  // Cards are plugged in when the host has started: then it would wait for them in vain.
  await shell('systemctl mask --quiet networking');
  await begin();

  const reach = async (): Promise<AgentClient> =>
    connectAgent({
      path: engine.path('/run/relay.sock'),
      ca: pki.ca,
      cert: await readFile(pki.path('engine.pem')),
      key: await readFile(pki.path('engine.key')),
    });
  return {
    ...agent,
    reach,
    keepPinging() {
      const ended = new AbortController();
      const pinging = (async () => {
        while (!ended.signal.aborted) {
          const client = await Promise.race([reach().catch(() => undefined), sleep(1_000, undefined)]);
          await client?.call('Host.ping2').catch(() => undefined);
          client?.end();
          await sleep(200);
        }
      })();
      return async () => {
        ended.abort();
        await pinging;
      };
    },
    async restart() {
      await host.cutPower();
      await host.boot();
      await agent.begin();
      await begin();
    },
    async remove() {
      await agent.remove();
      await engine.remove();
    },
  };
}

async function on(host: TestHost, line: string): Promise<void> {
  const { code, stdout, stderr } = await host.run(['sh', '-c', line]);
  if (code !== 0) throw new Error(`${line}: ${stderr}${stdout}`);
}
