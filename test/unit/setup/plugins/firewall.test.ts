import { describe, expect, test } from 'vitest';
import { managers } from '../../../../plugins/firewall/managers.ts';
import { firewallManager, updateFirewall } from '../../../../plugins/firewall/settings.ts';
import { type Machine, memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { dialogue, goodPassword } from '../../../support/dialogue.ts';

const update = 'OVESETUP_UPDATE_FIREWALL';
const manager = 'OVESETUP_CONFIG_FIREWALL_MANAGER';
const machines = {
  none: () => newMachine({ units: new Set() }),
  installed: () => newMachine(),
  active: () => newMachine({ running: new Map([['firewalld', '']]) }),
} satisfies Readonly<Record<string, () => Machine>>;

const ask = async (machine: Machine, more: Omit<Parameters<typeof dialogue>[0], 'machine'> = {}) => {
  const result = await dialogue({ ...more, machine, given: { 'OVESETUP_CONFIG/adminPassword': goodPassword, ...more.given } });
  return {
    ...result,
    asked: result.asked.filter((name) => [update, manager].includes(name)),
    values: [result.find(updateFirewall), result.find(firewallManager)],
    lines: result.dialog.logged.map(([, line]) => line),
  };
};

test('the firewall managers of the host are known, and whether they run', async () => {
  expect(await managers.probe(memoryHost(machines.none()))).toEqual([]);
  expect(await managers.probe(memoryHost(machines.installed()))).toEqual([{ name: 'firewalld', active: false }]);
  expect(await managers.probe(memoryHost(machines.active()))).toEqual([{ name: 'firewalld', active: true }]);
});

describe('the firewall', () => {
  test.each([
    ['none', '', [], [false, undefined]],
    ['installed', '', [update, manager], [true, 'firewalld']],
    ['installed', 'no', [update], [false, undefined]],
    ['active', '', [update], [true, 'firewalld']],
    ['active', 'no', [update], [false, undefined]],
  ] as const)('of a host with %s, answered %j, is asked about and settled', async (host, reply, asked, values) => {
    const result = await ask(machines[host](), { typed: { [update]: reply } });
    expect(result.asked).toEqual(asked);
    expect(result.values).toEqual(values);
    expect(result.lines.includes('firewalld will be configured as firewall manager.')).toBe(host === 'active' && reply === '');
  });

  test('is asked about with the managers of this host alone', async () => {
    const { dialog } = await ask(machines.installed(), { typed: {} });
    expect(dialog.asked.find(({ name }) => name === manager)).toMatchObject({
      choices: ['firewalld'],
      initial: 'firewalld',
      notes: expect.arrayContaining(['    firewalld']),
    });
  });

  test('is configured by default where nobody is there and the host has a manager', async () => {
    expect((await ask(machines.installed())).values).toEqual([true, 'firewalld']);
    expect((await ask(machines.none())).values).toEqual([false, undefined]);
  });

  test.each([
    ['iptables', 'The firewall manager iptables is not available on this host; firewalld can be chosen'],
    ['skip', 'The firewall manager skip is not available on this host; firewalld can be chosen'],
    ['ufw', 'firewalld, iptables or skip is expected'],
  ])('is not configured with %s', async (name, why) => {
    const { problems } = await ask(machines.installed(), { given: { 'OVESETUP_CONFIG/firewallManager': name } });
    expect(problems).toMatchObject([{ id: 'OVESETUP_CONFIG/firewallManager', message: expect.stringContaining(why) }]);
    const typed = await ask(machines.installed(), { typed: { [manager]: [name, 'FIREWALLD'] } });
    expect(typed.values).toEqual([true, 'firewalld']);
    expect(typed.lines).toContainEqual(expect.stringContaining(why));
  });

  test('cannot be configured where the host has no manager', async () => {
    const { problems } = await ask(machines.none(), { given: { 'OVESETUP_CONFIG/updateFirewall': true } });
    const wanted = 'OVESETUP_CONFIG/updateFirewall (a.conf:1): This host has no firewall manager that setup could configure';
    expect(problems.map(({ message }) => message)).toEqual([wanted]);
    const attended = await ask(machines.none(), { typed: {}, given: { 'OVESETUP_CONFIG/updateFirewall': true } });
    expect(attended.problems.map(({ message }) => message)).toEqual([wanted]);
  });

  test('is not offered with a manager that is not among the valid ones', async () => {
    const result = await ask(machines.installed(), { typed: {}, given: { 'OVESETUP_CONFIG/validFirewallManagers': 'ufw' } });
    expect(result.asked).toEqual([]);
    expect(result.values).toEqual([false, undefined]);
  });

  test('has the manager that an earlier run chose, and the decision is made anew each time', async () => {
    const kept = { 'OVESETUP_CONFIG/firewallManager': 'firewalld' };
    const { asked, values } = await ask(machines.installed(), { typed: {}, kept });
    expect(asked).toEqual([update]);
    expect(values).toEqual([true, 'firewalld']);
  });

  test.each([false, true])('has the decision of an earlier run, %s, as the default', async (earlier) => {
    const kept = { 'OVESETUP_CONFIG/updateFirewall': earlier };
    const values = earlier ? [true, 'firewalld'] : [false, undefined];
    expect((await ask(machines.active(), { kept })).values).toEqual(values);
    const attended = await ask(machines.active(), { typed: {}, kept });
    expect(attended.asked).toEqual([update]);
    expect(attended.values).toEqual(values);
    expect((await ask(machines.active(), { typed: { [update]: 'yes' }, kept })).values).toEqual([true, 'firewalld']);
    expect((await ask(machines.active(), { given: { 'OVESETUP_CONFIG/updateFirewall': !earlier }, kept })).values[0]).toBe(!earlier);
    // Nobody is asked where there is nothing to configure.
    const without = await ask(machines.none(), { kept });
    expect([without.problems, without.values]).toEqual([[], [false, undefined]]);
  });
});
