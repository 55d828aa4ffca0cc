import { describe, expect, test } from 'vitest';
import { file, textOf } from '#kit';
import { clientFlaw } from '../../../../plugins/database/clients.ts';
import { clients } from '../../../../plugins/database/settings.ts';
import { type Machine, copyOf, memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { covers, parseCertificate } from '../../../../src/setup/pki/inspect.ts';
import { clusterFolder, clusterUnit } from '../../../support/debian-cluster.ts';
import { dialogue, goodPassword } from '../../../support/dialogue.ts';
import { conf, diskOf, install, outdated } from '../../../support/installation.ts';

/* An engine whose database another host reaches, where its data warehouse is. */

const names = new Map([
  ['engine.example.net', ['192.0.2.10']],
  ['dwh.example.net', ['192.0.2.20']],
]);
const given = {
  'OVESETUP_CONFIG/adminPassword': `str:${goodPassword}`,
  'OVESETUP_DWH_CORE/enable': 'bool:False',
  'OVESETUP_CONFIG/updateFirewall': 'bool:True',
  'OVESETUP_CONFIG/firewallManager': 'str:firewalld',
};
const run = async (machine: Machine, answers: Readonly<Record<string, string>>) => {
  const result = await install({ machine, files: [conf(answers)] });
  expect(result.outcome.failure, result.screen).toBeUndefined();
  return result;
};
const open = { ...given, 'OVESETUP_DB/clients': 'str:dwh.example.net, 2001:db8::7, 198.51.100.0/24' };
const text = ({ disk }: Machine, path: string): string => textOf(disk.get(path));
const hba = (machine: Machine): readonly string[] =>
  text(machine, `${clusterFolder}/pg_hba.conf`).split('\n').filter((line) => line.startsWith('hostssl')); // prettier-ignore
const network = `${clusterFolder}/conf.d/ovirt-engine-network.conf`;
const certificate = '/etc/pki/ovirt-engine/certs/postgres.cer';

describe('other hosts', () => {
  test('are let into the database of the engine with TLS, each by a rule of its own', async () => {
    const machine = newMachine({ names });
    const { host, screen } = await run(machine, open);
    expect(hba(machine)).toEqual([
      'hostssl "engine"  "engine"  dwh.example.net scram-sha-256',
      'hostssl "engine"  "engine"  2001:db8::7/128 scram-sha-256',
      'hostssl "engine"  "engine"  198.51.100.0/24 scram-sha-256',
    ]);
    expect(text(machine, network)).toContain("listen_addresses = '*'\nssl = on\n");
    const found = parseCertificate(text(machine, certificate));
    expect(found !== undefined && covers(found, 'engine.example.net')).toBe(true);
    // What is written is in force at the end.
    expect(machine.running.get(clusterUnit)).toContain("listen_addresses = '*'");
    expect(text(machine, '/etc/firewalld/zones/public.xml')).toContain('ovirt-postgres');
    expect(text(machine, '/etc/firewalld/services/ovirt-postgres.xml')).toContain('port="5432"');
    expect(screen).toContain('Engine database host: engine.example.net');
    expect(screen).not.toContain('No other host reaches that database yet');
    expect(host.effects.length).toBeGreaterThan(0);
    const again = await install({ machine, files: [] });
    expect(again.host.effects.filter((effect) => !effect.includes('/setup/answers/'))).toEqual([]);
  });

  test('are kept out without a wish, and told of', async () => {
    const machine = newMachine({ names });
    const { screen } = await run(machine, given);
    expect(hba(machine)).toEqual([]);
    expect(machine.disk.has(network)).toBe(false);
    expect(machine.disk.has(certificate)).toBe(false);
    expect(screen).toContain('No other host reaches that database yet');
  });

  test('are shut out again once nobody is named, and what others have set stays', async () => {
    const machine = newMachine({ names });
    await run(machine, given);
    const theirs = `${clusterFolder}/conf.d/theirs.conf`;
    const rules = `${clusterFolder}/pg_hba.conf`;
    machine.disk.set(theirs, file("listen_addresses = '192.0.2.10'\n", 0o644));
    machine.disk.set(rules, file(`${text(machine, rules)}hostssl shop shop 203.0.113.0/24 scram-sha-256\n`, 0o640));
    const before = copyOf(machine);
    await run(machine, open);
    expect(hba(machine)).toHaveLength(4);
    await run(machine, { ...given, 'OVESETUP_DB/clients': 'str:' });
    expect(text(machine, theirs)).toBe(text(before, theirs));
    expect(text(machine, rules)).toBe(text(before, rules));
    expect(machine.disk.has(network)).toBe(false);
    expect(machine.running.get(clusterUnit)).not.toContain("listen_addresses = '*'");
    expect(text(machine, '/etc/firewalld/zones/public.xml')).not.toContain('ovirt-postgres');
    const left = Object.keys(diskOf(machine)).filter((path) => !(path in diskOf(before)));
    // The PKI keeps every key and certificate, and examples for firewalls stay, too.
    expect(
      left.every((path) => /\/pki\/ovirt-engine\/(certs|keys)\/postgres\.|^\/etc\/ovirt-engine\/firewalld\//.test(path)),
      left.join(' '),
    ).toBe(true);
  });

  test('are not let in where settings that somebody has made win over ours', async () => {
    const machine = newMachine({ names });
    await run(machine, given);
    machine.disk.set('/var/lib/postgresql/15/main/postgresql.auto.conf', file("listen_addresses = 'localhost'\n", 0o600));
    const { outcome } = await install({ machine, files: [conf(open)] });
    expect(outcome.failure).toMatchObject({ code: 'refused', problems: [expect.objectContaining({ id: 'database-network' })] });
  });

  test('are asked about only beside an engine without a data warehouse, whose server is that of setup', async () => {
    const name = 'OVESETUP_ENGINE_DB_CLIENTS';
    const words = { 'OVESETUP_CONFIG/adminPassword': goodPassword, 'OVESETUP_DWH_CORE/enable': false };
    const asked = await dialogue({ given: words, typed: {} });
    expect(asked.asked).toContain(name);
    expect(asked.find(clients)).toEqual([]);
    expect((await dialogue({ given: { ...words, 'OVESETUP_DWH_CORE/enable': true }, typed: {} })).asked).not.toContain(name);
    expect((await dialogue({ given: words, typed: {}, sandbox: true })).asked).not.toContain(name);
  });
});

describe('a data warehouse on another host', () => {
  const other = { dwhUuid: 'other', dwhHostname: 'dwh.example.net' };

  test('lets go of the database for the time of an upgrade, and is to be started again', async () => {
    const machine = newMachine({ names });
    await run(machine, open);
    const old: Machine = { ...outdated(machine), warehouse: { ...other, running: true } };
    const { screen } = await run(old, {});
    expect(old.warehouse?.running).toBe(false);
    expect(screen).toContain('Stopping the Data Warehouse on dwh.example.net');
    expect(screen).toContain('systemctl start ovirt-engine-dwhd');
  });

  test('is left alone by a run that changes no schema', async () => {
    const machine = newMachine({ names });
    await run(machine, open);
    const later: Machine = { ...machine, warehouse: { ...other, running: true } };
    const { screen } = await run(later, {});
    expect(later.warehouse?.running).toBe(true);
    expect(screen).toContain('The Data Warehouse of this engine is on dwh.example.net');
    expect(screen).not.toContain('systemctl start');
  });
});

test.each([
  ['dwh.example.net', undefined],
  ['192.0.2.7', undefined],
  ['2001:db8::/64', undefined],
  ['all', 'no full name'],
  ['.example.net', 'not valid'],
  ['nowhere.example.net', 'nowhere.example.net'],
  ['0.0.0.0/0', 'lets everybody in'],
  ['::/0', 'lets everybody in'],
  ['192.0.2.0/33', 'no network'],
  ['fe80::1%eth0', 'no address'],
  ['dwh.example.net" all', 'not valid'],
])('of %s it is said: %s', async (value, flaw) => {
  const found = await clientFlaw(value, memoryHost(newMachine({ names })));
  if (flaw === undefined) expect(found).toBeUndefined();
  else expect(JSON.stringify(found)).toContain(flaw);
});
