import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bootHost, whyNoHosts } from '../support/test-host.ts';
import { type WholeHost, difference, expectCode, expectHealthy, forInstallation, ofClone } from '../support/whole-host.ts';

const obstacle = await whyNoHosts();

/**
 * Rules of an administrator, saved: to the address of the host nobody gets without rules of ours, not even over the loopback. What they
 * have not saved is in force only.
 */
const theirRules = `cat >/etc/iptables/rules.v4 <<'END'
# Rules of the office
*nat
:PREROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 8081 -j REDIRECT --to-ports 8080
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:office - [0:0]
# On this host they may all speak
-A INPUT -d 127.0.0.0/8 -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j office
-A office -s 198.51.100.0/24 -j ACCEPT
COMMIT
END
chmod 600 /etc/iptables/rules.v4; rm -f /etc/iptables/rules.v6
systemctl restart netfilter-persistent && iptables -A FORWARD -s 203.0.113.9/32 -j DROP && ip6tables -A FORWARD -j DROP
sed -i s/firewalld/iptables/ /root/answers.conf`;

/** Told to put rules of ours in force, it does so, and is no program to rely on afterwards; once. */
const treacherous = (
  treason: string,
): string => `cat >/usr/local/sbin/ip6tables-restore <<'END' && chmod 755 /usr/local/sbin/ip6tables-restore
#!/bin/sh
/usr/sbin/ip6tables-restore "$@" || exit
case "$*" in
  --noflush*) rm "$0"; ip6tables-save >/run/opened; ${treason} ;;
esac
END`;

/** The rules in force, without the times at which they were listed, and what they have counted. */
const inForce = "{ iptables-save; ip6tables-save; } | sed '/^#/d; s/ \\[[0-9:]*\\]$//'";
const tcp = [2222, 35357, 443, 54323, 6100, 6641, 6642, 80, 9696].map((port) => `-p tcp -m tcp --dport ${port}`);
const ports = [...tcp, '-p udp -m udp --dport 7410'];
const reachable = 'curl --silent --output /dev/null --connect-timeout 2 http://192.0.2.10/';

describe.skipIf(obstacle !== null)(`a host with rules of iptables${obstacle === null ? '' : ` (${obstacle})`}`, () => {
  let host: WholeHost;
  let before: string;
  beforeAll(async () => {
    host = await forInstallation(await bootHost('with iptables'));
    await host.shell(theirRules);
    before = await host.shell(inForce);
  });
  afterAll(() => host.remove());

  /** Expects our rules first, in what is in force and in what is saved, of either family. */
  const expectOpen = async (open: readonly string[]): Promise<void> => {
    for (const where of ['iptables-save', 'ip6tables-save', 'cat /etc/iptables/rules.v4', 'cat /etc/iptables/rules.v6']) {
      const lines = (await host.shell(where)).split('\n');
      expect(
        lines.find((line) => line.startsWith('-A INPUT ')),
        where,
      ).toBe('-A INPUT -j OVIRT-ENGINE');
      const ours = lines.filter((line) => line.startsWith('-A OVIRT-ENGINE '));
      expect(ours, where).toEqual(open.map((port) => `-A OVIRT-ENGINE ${port} -j ACCEPT`));
    }
  };
  const plan = (): Promise<string> => host.shell(`${ofClone} plan --config-append=/root/answers.conf`);
  const rejected = async (): Promise<void> => {
    expect((await host.run(['sh', '-c', reachable])).code).toBe(28);
  };

  /** Expects that all is as it was before work that has put our rules in force, and has not come to its end. */
  const expectBack = async (work: () => Promise<void>): Promise<void> => {
    const files = await host.manifest({ times: false });
    await work();
    expect(await host.shell('cat /run/opened')).toContain('--dport 443');
    expect(await host.shell(inForce)).toBe(before);
    expect(difference(files, await host.manifest({ times: false }))).toEqual([]);
  };

  test('has them back as they were when setup fails', async () => {
    await rejected();
    await expectBack(async () => {
      await host.shell(treacherous('echo treason >&2; exit 1'));
      const ended = await host.setup();
      expectCode(ended, 1);
      expect(ended.stdout).toContain('treason');
    });
  });

  test('has them back as they were when setup is killed, and taken back', async () => {
    await expectBack(async () => {
      await host.shell(treacherous('kill -KILL "$(cat /run/setup.pid)"'));
      expect((await host.setup()).code).not.toBe(0);
      expect(await host.shell(inForce)).toContain('-A OVIRT-ENGINE -p tcp -m tcp --dport 443');
      await host.shell(`${ofClone} rollback`);
    });
  });

  test('keeps them, and lets in what an installation needs', async () => {
    const ended = await host.setup(ofClone, '--set=OVESETUP_CONFIG/firewallChangesReview=True');
    expectCode(ended, 0);
    expect(ended.stdout).toContain('+-A INPUT -j OVIRT-ENGINE');
    await expectHealthy(host);
    await expectOpen(ports);
    const now = (await host.shell(inForce)).split('\n');
    expect(now.filter((line) => !line.includes('OVIRT-ENGINE'))).toEqual(before.split('\n'));
    const saved = await host.shell('cat /etc/iptables/rules.v4');
    expect(saved).toMatch(/# On this host they may all speak\n-A INPUT -d 127/);
    expect(saved).toContain('-A PREROUTING -p tcp -m tcp --dport 8081 -j REDIRECT --to-ports 8080');
    expect(saved).not.toContain('203.0.113.9');
    expect(await host.shell('stat --format %a /etc/iptables/rules.v4 /etc/iptables/rules.v6')).toBe('600\n640\n');
    expect(await plan()).toContain('0 to change');
    // What the administrator saves is right as well.
    await host.shell('netfilter-persistent save 2>/dev/null');
    expect(await plan()).toContain('0 to change');
  });

  test('lets it in after the next start, and setup finds nothing to do', async () => {
    await host.cutPower();
    await host.boot();
    await expectOpen(ports);
    await expect.poll(() => host.run(['sh', '-c', reachable]).then(({ code }) => code), { timeout: 60_000 }).toBe(0);
    expect(await plan()).toContain('0 to change');
  });

  test('lets in no more what a component needed that is not there any more', async () => {
    expectCode(await host.setup(ofClone, '--set=OVESETUP_CONFIG/websocketProxyConfig=False'), 0);
    await expectOpen(ports.filter((port) => !port.includes('6100')));
  });
});
