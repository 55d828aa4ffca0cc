import { type Family, type HostReader, type Text, familyOf, message } from '#kit';
import { type Opening, type Port, numbers, portsOf } from './services.ts';

/** A chain of nftables that sees what comes in. */
interface Chain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
}

/** The chains that a rule for something that comes in may be put into, of what `nft -j list chains` prints. */
export function inputChains(json: string): readonly Chain[] {
  const { nftables } = JSON.parse(json) as {
    nftables: readonly { readonly chain?: Chain & { readonly hook?: string; readonly type?: string } }[];
  };
  return nftables
    .flatMap(({ chain }) => chain ?? [])
    .filter(
      ({ hook, type, family, table }) => hook === 'input' && type === 'filter' && /^(inet|ip6?)$/.test(family) && table !== 'firewalld',
    );
}

async function chainsOf(host: HostReader): Promise<readonly Chain[]> {
  try {
    return inputChains((await host.query({ argv: ['nft', '-j', 'list', 'chains'] })).stdout);
  } catch {
    // Whoever reads the commands knows their own tables: what Debian's example calls them is a good guess.
    return [];
  }
}

const conditions = (ports: readonly Port[]): readonly string[] =>
  (['tcp', 'udp'] as const).flatMap((protocol) => {
    const all = ports.filter((one) => one.protocol === protocol).map((port) => numbers(port));
    return all.length === 0 ? [] : [`${protocol} dport { ${all.join(', ')} }`];
  });

/** What the service of nftables reads when it starts. */
const rulesets: Readonly<Record<Family, string>> = { debian: '/etc/nftables.conf', 'enterprise-linux': '/etc/sysconfig/nftables.conf' };

const nftables = async (host: HostReader, ports: readonly Port[]): Promise<readonly Text[]> => {
  const found = await chainsOf(host);
  const chains = found.length > 0 ? found : [{ family: 'inet', table: 'filter', name: 'input' }];
  return [
    'In order to configure nftables, execute the following commands,',
    message`    and write the same rules into ${rulesets[familyOf((await host.system()).distribution)]}, so that they last:`,
    ...chains.flatMap(({ family, table, name }) =>
      conditions(ports).map((condition) => message`    nft insert rule ${family} ${table} ${name} ${condition} accept`),
    ),
  ];
};

const ufw = (ports: readonly Port[]): readonly Text[] => [
  'In order to configure ufw, execute the following commands:',
  ...ports.map((port) => message`    ufw allow ${numbers(port, ':')}/${port.protocol}`),
];

/** Exact instructions for managers that guard the host and that setup does not drive. */
export async function instructionsFor(names: readonly string[], openings: readonly Opening[], host: HostReader): Promise<readonly Text[]> {
  const ports = portsOf(openings);
  return [...(names.includes('ufw') ? ufw(ports) : []), ...(names.includes('nftables') ? await nftables(host, ports) : [])];
}
