import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { comparable, differences, seedAnswers, seedPassword, seedScreen, without } from '../support/seed-screen.ts';
import { bootHost, whyNoHosts } from '../support/test-host.ts';
import { type WholeHost, forInstallation, ofClone } from '../support/whole-host.ts';

const obstacle = await whyNoHosts();

/** A host like that of the classic transcript: little memory, and a name that only its hosts file knows. */
const likeTheSeed = `sed 's/^MemTotal:.*/MemTotal: 1883136 kB/' /proc/meminfo >/run/meminfo && mount --bind /run/meminfo /proc/meminfo
hostname localhost.localdomain && sed -i 's/^127\\.0\\.0\\.1.*/127.0.0.1 localhost localhost.localdomain/' /etc/hosts`;

/** Runs the wizard at a terminal and types the answers; what is typed ahead is taken when its question is asked. */
const atTerminal = `cat >/root/tmux.conf <<'END'
set -g history-limit 5000
END
tmux -f /root/tmux.conf new-session -d -x 220 -y 50 "${ofClone} --dialog=lines; echo ended with \\$?; sleep 600"
shows() { for try in $(seq 600); do tmux capture-pane -p -S - | grep -q "$1" && return; sleep 0.2; done; }
shows 'Configure Engine on this host'
while IFS= read -r line; do [ -z "$line" ] || tmux send-keys -l "$line"; tmux send-keys Enter; done </root/typed
shows '^ended with'
tmux capture-pane -p -S -`;

describe.skipIf(obstacle !== null)(`the classic screen at a terminal of a host${obstacle === null ? '' : ` (${obstacle})`}`, () => {
  let host: WholeHost;
  let lines: readonly string[];
  beforeAll(async () => {
    host = await forInstallation(await bootHost('equipped'));
    await host.shell(likeTheSeed);
    await host.shell(`umask 077; cat >/root/typed <<'END'\n${seedAnswers.join('\n')}\nEND`);
    lines = (await host.shell(atTerminal)).trimEnd().split('\n');
  });
  afterAll(() => host.remove());

  test('is the same from the first line to the last', () => {
    const { left, added, sometimes } = differences;
    expect(lines.at(-1)).toBe('ended with 0');
    const ours = without(lines.slice(0, -1), ...added, ...sometimes);
    const plain = (line: string): string => comparable(line).trimEnd();
    expect(ours.map(plain)).toEqual(without(seedScreen, ...left).map(plain));
    expect(lines.join('\n')).not.toContain(seedPassword);
  });

  /** A client of each port that the classic summary names, and what it sees there. None of them is ours. */
  const web = 'curl --silent --max-time 10 --cacert /etc/pki/ovirt-engine/ca.pem';
  const pki = '/etc/pki/ovirt-engine';
  const identity = `-p ${pki}/keys/ovirt-provider-ovn.key.nopass -c ${pki}/certs/ovirt-provider-ovn.cer -C ${pki}/ca.pem`;
  /** The message of a host that writes its crash dump; what answers is the engine's table, once the host is known. */
  const crash = `sql() { echo "$1" | su postgres -c 'psql --quiet --tuples-only --no-align engine'; }
sql "with host as (insert into vds_static (vds_id, vds_name, host_name, cluster_id)
  select gen_random_uuid(), 'crashing', 'crashing', cluster_id from cluster returning vds_id)
insert into vds_interface (id, name, vds_id, addr) select gen_random_uuid(), 'eth0', vds_id, '127.0.0.1' from host"
for try in $(seq 30); do
  bash -c "printf '\\x40\\x2a\\x30\\x1b\\x01\\0\\0\\0' >/dev/udp/127.0.0.1/7410"; sleep 1
  sql 'select status from vds_kdump_status' | grep . && break
done`;
  test.each([
    ['tcp:80', `${web} --head http://localhost.localdomain/ovirt-engine/`, /^HTTP\/1\.1 30\d [^]*^location: https:/im],
    ['tcp:443', `${web} https://localhost.localdomain/ovirt-engine/services/health`, /^DB Up!/],
    ['tcp:2222', 'ssh-keyscan -p 2222 localhost.localdomain 2>&1', /SSH-2\.0-OpenSSH/],
    ['tcp:5432', 'openssl s_client -brief -starttls postgres -connect 127.0.0.1:5432 </dev/null 2>&1', /TLSv1\.3/],
    ['tcp:6100', `${web} --output /dev/null --write-out '%{http_code}' https://localhost.localdomain:6100/`, /^426$/],
    ['tcp:6641', `ovn-nbctl --db=ssl:localhost.localdomain:6641 ${identity} get-connection`, /pssl:6641/],
    ['tcp:6642', `ovn-sbctl --db=ssl:localhost.localdomain:6642 ${identity} get-connection`, /pssl:6642/],
    ['tcp:9696', `${web} https://localhost.localdomain:9696/v2.0/networks`, /"code": ?401/],
    ['tcp:35357', `${web} https://localhost.localdomain:35357/`, /"v2\.0"/],
    ['tcp:54323', `${web} --output /dev/null --write-out '%{http_code}' https://localhost.localdomain:54323/images/none`, /^403$/],
    ['udp:7410', crash, /^dumping/],
  ])('has a service behind %s', async (_, command, sees) => {
    expect((await host.run(['sh', '-c', command])).stdout).toMatch(sees);
  });
});
