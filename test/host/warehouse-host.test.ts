import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { setTimeout as sleep } from 'node:timers/promises';
import { hostName } from '../support/host-image.ts';
import { bootHost, whyNoHosts, wire } from '../support/test-host.ts';
import { type WholeHost, canaries, difference, expectCode, forInstallation, ofHost } from '../support/whole-host.ts';

/* Two hosts that see each other: the engine is on the one, and its data warehouse on the other. */

const obstacle = await whyNoHosts();

const warehouseName = 'dwh.example.test';
const [engineAddress, warehouseAddress, thirdAddress] = ['198.51.100.10', '198.51.100.20', '198.51.100.30'] as const;

const answers = (lines: readonly string[]): string =>
  ['[environment:default]', ...lines, 'OVESETUP_CONFIG/updateFirewall=bool:True', 'OVESETUP_CONFIG/firewallManager=str:firewalld'].join(
    '\n',
  );

const ofEngine = answers([
  `OVESETUP_CONFIG/fqdn=str:${hostName}`,
  `OVESETUP_CONFIG/adminPassword=str:${canaries.admin}`,
  `OVESETUP_DB/password=str:${canaries.engine}`,
  'OVESETUP_DWH_CORE/enable=bool:False',
  'OVESETUP_VMCONSOLE_PROXY_CONFIG/vmconsoleProxyConfig=bool:False',
  `OVESETUP_DB/clients=str:${warehouseName}`,
  'OVESETUP_DIALOG/confirmSettings=bool:True',
]);
const ofWarehouse = (fingerprint: string): string =>
  answers([
    'OVESETUP_ENGINE_CORE/enable=bool:False',
    'OVESETUP_OVN/ovirtProviderOvn=bool:False',
    'OVESETUP_CONFIG/imageioProxyConfig=bool:False',
    'OVESETUP_CONFIG/websocketProxyConfig=bool:False',
    `OVESETUP_CONFIG/fqdn=str:${warehouseName}`,
    `OVESETUP_ENGINE_CONFIG/fqdn=str:${hostName}`,
    `OVESETUP_CONFIG/remoteEngineHostKey=str:${fingerprint}`,
    `OVESETUP_DB/host=str:${hostName}`,
    `OVESETUP_DB/password=str:${canaries.engine}`,
    `OVESETUP_DWH_DB/password=str:${canaries.history}`,
    'OVESETUP_DIALOG/confirmSettings=bool:True',
  ]);

const write = (host: WholeHost, text: string): Promise<string> => host.shell(`umask 077; cat >/root/answers.conf <<'END'\n${text}\nEND`);
const postgres = (database: string, sql: string): string => `runuser -u postgres -- psql --no-psqlrc -d ${database} -Atc "${sql}"`;

describe.skipIf(obstacle !== null)(`a data warehouse on a host of its own${obstacle === null ? '' : ` (${obstacle})`}`, () => {
  let [engine, warehouse] = [] as unknown as [WholeHost, WholeHost];

  /** Wires the two to each other. */
  async function connect(): Promise<void> {
    const cards = await wire();
    for (const [host, card, addresses] of [
      [engine, cards[0], [engineAddress]],
      [warehouse, cards[1], [warehouseAddress, thirdAddress]],
    ] as const) {
      await host.plug(card);
      const given = addresses.map((one) => `ip address add ${one}/24 dev wire0`).join(' && ');
      await host.shell(`ip link set ${card} name wire0 && ${given} && ip link set wire0 up`);
    }
    await warehouse.shell('ip address flush dev eth0');
  }

  beforeAll(async () => {
    engine = await forInstallation(await bootHost('equipped'));
    warehouse = await forInstallation(await bootHost('equipped'));
    await connect();
    await engine.shell(`echo '${warehouseAddress} ${warehouseName}' >>/etc/hosts`);
    const hosts = `127.0.0.1 localhost\\n${engineAddress} ${hostName}\\n${warehouseAddress} ${warehouseName}\\n`;
    await warehouse.shell(`hostname ${warehouseName} && echo ${warehouseName} >/etc/hostname && printf '${hosts}' >/etc/hosts`);
    const key = await warehouse.shell('ssh-keygen -q -t ed25519 -N "" -f /root/.ssh/id_ed25519 && cat /root/.ssh/id_ed25519.pub');
    await engine.shell(`mkdir -m 700 -p /root/.ssh && echo '${key.trim()}' >/root/.ssh/authorized_keys && systemctl start ssh`);
    const [, fingerprint = ''] = (await engine.shell('ssh-keygen -l -f /etc/ssh/ssh_host_ed25519_key.pub')).split(' ');
    await write(engine, ofEngine);
    await write(warehouse, ofWarehouse(fingerprint));
  });
  afterAll(async () => {
    await engine.remove();
    await warehouse.remove();
  });

  /** Asks the database of the engine from the other host. */
  const overNetwork = (how: string): ReturnType<WholeHost['run']> =>
    warehouse.run([
      'env',
      `PGPASSWORD=${canaries.engine}`,
      'psql',
      '--no-psqlrc',
      '-Atc',
      'select 1',
      `host=${hostName} user=engine dbname=engine ${how}`,
    ]);

  test('is told by the engine what it needs to know', async () => {
    const ended = await engine.setup();
    expectCode(ended, 0);
    expect(ended.stdout).toContain(`Engine database host: ${hostName}`);
    expect(ended.stdout).not.toContain(canaries.engine);
    await engine.shell(
      'firewall-cmd --quiet --query-service=ovirt-postgres && firewall-cmd --quiet --permanent --query-service=ovirt-postgres',
    );
  });

  test('is set up, and works: samples of the engine arrive in the history', async () => {
    expectCode(await warehouse.setup(), 0);
    const { state, services } = await warehouse.status();
    expect({ state, health: services.find(({ name }) => name === 'ovirt-engine-dwhd')?.health }).toEqual({
      state: 'running',
      health: 'ready',
    });
    expect(services.map(({ name }) => name)).not.toContain('ovirt-engine');
    const rows = postgres(
      'engine',
      "select var_value from dwh_history_timekeeping where var_name in ('DwhCurrentlyRunning', 'dwhHostname') order by 1",
    );
    expect(await engine.shell(rows)).toBe(`1\n${warehouseName}\n`);
    const sessions = "select s.ssl from pg_stat_activity a join pg_stat_ssl s using (pid) where client_addr = '198.51.100.20' group by 1";
    expect(await engine.shell(postgres('engine', sessions))).toBe('t\n');
    const clusters = postgres('ovirt_engine_history', 'select cluster_name from v4_5_latest_configuration_clusters');
    for (let tries = 0; (await warehouse.shell(clusters)) === ''; tries++) {
      expect(tries, await warehouse.shell('cat /var/log/ovirt-engine-dwh/ovirt-engine-dwhd.log')).toBeLessThan(150);
      await sleep(1000);
    }
    expect(await warehouse.shell(clusters)).toBe('Default\n');
    expect(await engine.shell('stat -c "%a %U:%G" /etc/ovirt-engine/engine.conf.d/10-setup-dwh-database.conf')).toBe('640 root:ovirt\n');
    expect(await engine.shell('cat /etc/ovirt-engine/engine.conf.d/10-setup-dwh-database.conf')).toContain(
      `DWH_DB_HOST="${warehouseName}"`,
    );
  });

  test('is the only one that the database of the engine lets in, and only with TLS', async () => {
    expect((await overNetwork('sslmode=verify-full sslrootcert=/etc/ovirt-engine-dwh/engine-ca.pem')).stdout).toBe('1\n');
    expect((await overNetwork('sslmode=disable')).stderr).toContain('no encryption');
    await warehouse.shell(`ip route add ${engineAddress}/32 dev wire0 src ${thirdAddress}`);
    expect((await overNetwork('sslmode=require')).stderr).toContain(`no pg_hba.conf entry for host "${thirdAddress}"`);
    await warehouse.shell(`ip route del ${engineAddress}/32 dev wire0`);
  });

  test('has nothing to do in a second run, on either host', async () => {
    for (const host of [engine, warehouse]) {
      // The program in its place compiles itself when it runs there for the first time.
      await host.setup(ofHost);
      const before = await host.manifest({ times: true });
      expectCode(await host.setup(ofHost), 0);
      expect(difference(before, await host.manifest({ times: true }))).toEqual([]);
      expect(await host.shell(`${ofHost} plan --config-append=/root/answers.conf`)).toContain('0 to change');
    }
  });

  test('goes on by itself after the database of the engine was away', async () => {
    const health = async (wanted: string): Promise<void> => {
      for (let tries = 0; ; tries++) {
        const { services } = await warehouse.status();
        if (services.some((one) => one.name === 'ovirt-engine-dwhd' && one.health === wanted)) return;
        expect(tries, JSON.stringify(services)).toBeLessThan(60);
        await sleep(1000);
      }
    };
    await engine.shell('systemctl stop postgresql@15-main');
    await health('degraded');
    await engine.shell('systemctl start postgresql@15-main');
    await health('ready');
  });

  test('is gone when it is declined, and the engine closes its database', async () => {
    expectCode(await warehouse.setup(ofHost, '--set=OVESETUP_DWH_CORE/enable=False'), 0);
    expect((await warehouse.run(['systemctl', 'cat', 'ovirt-engine-dwhd'])).code).not.toBe(0);
    const owner = postgres(
      'engine',
      "select count(*) from dwh_history_timekeeping where var_name like 'dwh%' and coalesce(var_value, '') <> ''",
    );
    expect(await engine.shell(owner)).toBe('0\n');
    expectCode(await engine.setup(ofHost, '--set=OVESETUP_DB/clients='), 0);
    expect((await overNetwork('sslmode=require')).stderr).toMatch(/refused|No route|filtered|timed out/);
    expect((await engine.run(['firewall-cmd', '--query-service=ovirt-postgres'])).code).not.toBe(0);
    expect(await engine.shell(postgres('postgres', 'show listen_addresses'))).toBe('localhost\n');
  });
});
