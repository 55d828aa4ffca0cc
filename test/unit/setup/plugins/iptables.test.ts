import { describe, expect, test } from 'vitest';
import { inEnglish } from '#kit';
import { acceptChanges, reviewChanges } from '../../../../plugins/firewall/iptables-review.ts';
import { managers } from '../../../../plugins/firewall/managers.ts';
import { firewallManager, updateFirewall } from '../../../../plugins/firewall/settings.ts';
import { takeBackUnfinished } from '../../../../src/setup/core/take-back.ts';
import { persistent } from '../../../../src/setup/host/memory/iptables-tables.ts';
import { type Machine, afterPowerCut, copyOf, memoryHost, watchedHost } from '../../../../src/setup/host/memory/index.ts';
import { file, textOf } from '../../../../src/setup/kit/host.ts';
import { dialogue, goodPassword } from '../../../support/dialogue.ts';
import { unrefused } from '../../../support/enterprise-linux.ts';
import { conf, diskOf, fewestAnswers, install, installOn, silentRun } from '../../../support/installation.ts';
import { machines, theirRules, withIptables } from '../../../support/machines.ts';

const files = [conf(fewestAnswers)];
const tcp = [2222, 443, 54323, 6100, 80, 6641, 6642, 9696, 35357].map((port) => `tcp --dport ${port}`);
const ports = [...tcp, 'udp --dport 7410'];
const ourRules = ports.map((port) => `-A OVIRT-ENGINE -p ${port.split(' ')[0] ?? ''} -m ${port} -j ACCEPT`).sort();

const installed = async (machine: Machine, more: Readonly<Record<string, string>> = {}) => {
  const result = await installOn(machine, more);
  return { ...result, effects: result.effects.filter((effect) => !effect.includes('/setup/answers/')) };
};

/** What is saved and what is in force, of either family, by its name. */
const allOf = ({ disk, tables }: Machine): Readonly<Record<string, string>> => ({
  ...Object.fromEntries(Object.values(persistent.saved).map((path) => [path, textOf(disk.get(path))])),
  ...Object.fromEntries(tables),
});

/** Expects that our rules come first, and are these. */
function expectOpen(machine: Machine, rules: readonly string[] = ourRules): void {
  for (const [where, text] of Object.entries(allOf(machine))) {
    const lines = text.split('\n');
    expect(lines.filter((line) => line.startsWith('-A OVIRT-ENGINE ')).sort(), where).toEqual(rules);
    expect(
      lines.find((line) => line.startsWith('-A INPUT ')),
      where,
    ).toBe('-A INPUT -j OVIRT-ENGINE');
  }
}

describe('iptables', () => {
  test('is a manager where its rules are put in force when the host starts', async () => {
    const active = machines['active-iptables']();
    expect(await managers.probe(memoryHost(active))).toEqual([{ name: 'iptables', active: true }]);
    active.running.clear();
    expect(await managers.probe(memoryHost(active))).toEqual([{ name: 'iptables', active: false }]);
    const without = (path: string): Machine => {
      const machine = machines['active-iptables']();
      machine.running.clear();
      machine.disk.delete(path);
      return machine;
    };
    for (const path of [persistent.loader, `/etc/systemd/system/multi-user.target.wants/${persistent.unit}.service`])
      expect(await managers.probe(memoryHost(without(path)))).toEqual([]);
  });

  test.each([
    ['iptables active', { running: new Map([[persistent.unit, '']]) }, {}, [], 'iptables'],
    ['neither active', { running: new Map() }, {}, ['OVESETUP_CONFIG_FIREWALL_MANAGER'], 'iptables'],
    ['firewalld active', { running: new Map([['firewalld', '']]) }, {}, [], 'firewalld'],
    [
      'both active',
      { running: new Map(['firewalld', persistent.unit].map((unit) => [unit, ''])) },
      {},
      ['OVESETUP_CONFIG_FIREWALL_MANAGER'],
      'iptables',
    ],
    [
      'neither active, and one valid',
      { running: new Map() },
      { 'OVESETUP_CONFIG/validFirewallManagers': 'firewalld' },
      ['OVESETUP_CONFIG_FIREWALL_MANAGER'],
      'firewalld',
    ],
  ] as const)('is chosen beside firewalld by what guards the host: %s', async (_, more, answers, asked, wanted) => {
    const machine = withIptables(theirRules, { units: new Set(['firewalld', 'apache2', persistent.unit]), ...more });
    const result = await dialogue({ machine, given: answers, typed: { OVESETUP_CONFIG_FIREWALL_MANAGER: wanted } });
    expect(result.asked.filter((name) => name.startsWith('OVESETUP_CONFIG_FIREWALL'))).toEqual(asked);
    expect([result.find(updateFirewall), result.find(firewallManager)]).toEqual([true, wanted]);
  });

  test('lets in what the components need, at once and after the next start, and keeps the rules of others', async () => {
    const machine = withIptables();
    // Only in force: the administrator has not saved it, and nobody wants to lose it.
    machine.tables.set('iptables', (machine.tables.get('iptables') ?? '').replace('COMMIT', '-A FORWARD -j DROP\nCOMMIT'));
    const { screen, effects } = await installed(machine);
    expectOpen(machine);
    const { iptables: now = '', '/etc/iptables/rules.v4': saved = '' } = allOf(machine);
    for (const line of theirRules.split('\n')) expect(saved).toContain(`${line}\n`);
    expect(saved).not.toContain('FORWARD -j');
    expect(now).toContain('-A FORWARD -j DROP\n');
    expect(machine.disk.get('/etc/iptables/rules.v4')).toMatchObject({ mode: 0o640 });
    expect(screen).toContain('iptables will be configured as firewall manager.');
    expect(screen).not.toContain('In order to configure firewalld');
    expect(effects.filter((effect) => /(re)?start netfilter-persistent/.test(effect))).toEqual([]);
    expectOpen(afterPowerCut(machine));
  });

  test('is left alone the second time', async () => {
    const machine = withIptables();
    await installed(machine);
    expect((await installed(machine)).effects).toEqual([]);
    // As `netfilter-persistent save` writes it.
    for (const [program, path] of Object.entries(persistent.saved)) machine.disk.set(path, file(machine.tables.get(program) ?? '', 0o640));
    expect((await installed(machine)).effects).toEqual([]);
  });

  test('lets in no more what a component needed that is not there any more', async () => {
    const machine = withIptables();
    await installed(machine);
    await installed(machine, { 'OVESETUP_CONFIG/websocketProxyConfig': 'bool:False' });
    expectOpen(
      machine,
      ourRules.filter((rule) => !rule.includes('6100')),
    );
  });

  test('has its unit enabled, and firewalld does not start beside it', async () => {
    const machine = withIptables(theirRules, { units: new Set(['firewalld', 'apache2', persistent.unit]) });
    const link = (unit: string): string => `/etc/systemd/system/multi-user.target.wants/${unit}.service`;
    machine.disk.delete(link(persistent.unit));
    machine.disk.set(link('firewalld'), { kind: 'link', target: '../firewalld.service' });
    const { effects } = await installed(machine);
    expect(effects.filter((effect) => /^(en|dis)able (firewalld|netfilter)/.test(effect))).toEqual([
      'disable firewalld',
      'enable netfilter-persistent',
    ]);
  });

  test('is left without rules of IPv6 where the kernel does not speak it', async () => {
    const machine = withIptables();
    machine.disk.delete('/proc/sys/net/ipv6');
    const { effects } = await installed(machine);
    expect(effects.filter((effect) => /ip6tables|rules\.v6/.test(effect))).toEqual([]);
  });

  test.each([
    [
      'a line that is not understood',
      (machine: Machine) => void machine.disk.set('/etc/iptables/rules.v4', file('*filter\n-A INPUT --broken -j DROP\nCOMMIT\n', 0o640)),
      'iptables-restore does not take /etc/iptables/rules.v4: iptables-restore: unknown option "--broken"; Error occurred at line: 2',
    ],
    [
      'line ends of another system',
      (machine: Machine) => void machine.disk.set('/etc/iptables/rules.v6', file('*filter\r\nCOMMIT\r\n', 0o640)),
      'ip6tables-restore does not take /etc/iptables/rules.v6',
    ],
    [
      'a link',
      (machine: Machine) => void machine.disk.set('/etc/iptables/rules.v4', { kind: 'link', target: '/srv/rules' }),
      '/etc/iptables/rules.v4 is a link, and only a file is changed',
    ],
  ])('is refused before anything is changed where its rules are %s', async (_, break_, said) => {
    const machine = withIptables();
    break_(machine);
    const before = [diskOf(machine), allOf(machine)];
    const { outcome, screen } = await install({
      machine,
      files: [conf({ ...fewestAnswers, 'OVESETUP_CONFIG/firewallChangesReview': 'bool:True' })],
    });
    expect(outcome.failure).toMatchObject({ code: 'refused', problems: [{ id: 'firewall-rules' }] });
    expect(screen).toContain(said);
    expect(screen).not.toContain('proposed');
    expect([diskOf(machine), allOf(machine)]).toEqual(before);
    // It has nothing to do with whoever does not want the firewall configured.
    await installed(machine, { 'OVESETUP_CONFIG/updateFirewall': 'bool:False' });
  });
});

describe('a run that opens ports in iptables', () => {
  const make = async (): Promise<Machine> => {
    const machine = withIptables();
    machine.tables.set('iptables', (machine.tables.get('iptables') ?? '').replace('COMMIT', '-A FORWARD -j DROP\nCOMMIT'));
    return machine;
  };
  const changed = async (): Promise<Machine> => {
    const machine = await make();
    await installed(machine);
    return machine;
  };
  const isOfTables = (effect: string): boolean => /^ip6?tables-restore|rules\.v[46]$/.test(effect);

  test.each([
    ['the first one', make, {}],
    ['one with another port', changed, { 'OVESETUP_CONFIG/websocketProxyPort': 'str:6101' }],
    ['one with a component less', changed, { 'OVESETUP_CONFIG/websocketProxyConfig': 'bool:False' }],
  ])('leaves everything as it was when it fails: %s', async (_, prepare, more) => {
    const { effects } = await installed(await prepare(), more);
    const all = await install({ machine: await prepare(), files: [conf({ ...fewestAnswers, ...more })] });
    const places = all.host.effects.flatMap((effect, index) => (isOfTables(effect) ? [index + 1] : []));
    expect(places.length, effects.join('\n')).toBe(4);
    for (const at of [...places, Math.max(...places) + 1]) {
      const machine = await prepare();
      const before = allOf(machine);
      const { outcome } = await install({ machine, files: [conf({ ...fewestAnswers, ...more })], accidents: [{ at, how: 'fail' }] });
      expect(outcome, all.host.effects[at - 1]).toMatchObject({ leftOver: [], failure: expect.anything() });
      // A table that was empty is there now, and empty again.
      expect(allOf(machine)).toEqual({ ...before, ip6tables: before['ip6tables'] ?? expect.anything() });
      expect(machine.tables.get('ip6tables') ?? '').toBe(before['ip6tables'] ?? '');
    }
  });

  test('ends the same, or is taken back wholly, when the power is cut or setup is killed meanwhile', async () => {
    const wanted = await make();
    const { host, moments } = watchedHost(wanted);
    expect((await install({ machine: wanted, files, host })).outcome.failure).toBeUndefined();
    const around = moments().filter(({ at }) => [0, 1, 2].some((before) => isOfTables(host.effects[at - 1 - before] ?? '')));
    expect(around.length).toBeGreaterThan(8);
    for (const moment of around) {
      for (const left of [afterPowerCut(copyOf(moment.machine)), copyOf(moment.machine)]) {
        const [again, back] = [copyOf(left), copyOf(left)];
        await installed(again);
        expectOpen(again);
        const leftOver = await takeBackUnfinished(await silentRun(back, files));
        // Behind its end nothing is taken back.
        if (leftOver === undefined) continue;
        expect(leftOver.map(inEnglish)).toEqual([]);
        for (const [where, text] of Object.entries(allOf(back)))
          expect(text, `${where}, ${moment.how} ${moment.effect}`).not.toContain('OVIRT');
      }
    }
  });
});

describe('the review of rules', () => {
  const review = 'OVESETUP_REVIEW_IPTABLES_CHANGES';
  const accept = 'OVESETUP_CONFIRM_IPTABLES_CHANGES';
  const ask = async (on: Parameters<typeof dialogue>[0]) => {
    const result = await dialogue({
      machine: withIptables(),
      ...on,
      given: { 'OVESETUP_CONFIG/adminPassword': goodPassword, ...on.given },
    });
    return {
      ...result,
      asked: result.asked.filter((name) => [review, accept].includes(name)),
      values: [result.find(reviewChanges), result.find(acceptChanges)],
      shown: result.dialog.notes.filter((note) => /^[-+]/.test(note)),
    };
  };
  const difference = ['--- /etc/iptables/rules.v4    current', '+++ /etc/iptables/rules.v4    proposed', '+:OVIRT-ENGINE - [0:0]'];

  test.each([
    [[''], '', [review], [false, undefined], []],
    [['yes'], '', [review, accept], [true, true], difference],
    [['maybe', 'yes'], 'no', [review, review, accept], [true, undefined], difference],
  ] as const)('is asked for, and answered %j and %j', async (first, second, asked, values, shown) => {
    const result = await ask({ typed: { [review]: first, [accept]: second } });
    expect(result.asked).toEqual(asked);
    expect(result.values).toEqual(values);
    expect(result.shown.slice(0, 3)).toEqual(shown);
  });

  test.each([true, false])('is shown, and nobody is asked, where a file says so, attended or not (%s)', async (attended) => {
    const on = { given: { 'OVESETUP_CONFIG/firewallChangesReview': true }, ...(attended ? { typed: {} } : {}) };
    const { asked, values, shown } = await ask(on);
    expect([asked, values]).toEqual([[], [true, true]]);
    expect(shown.slice(0, 3)).toEqual(difference);
    const refused = await ask({ ...on, given: { ...on.given, 'OVESETUP_CONFIG/firewallChangesAccept': false } });
    expect(refused.problems).toMatchObject([{ message: expect.stringContaining('were rejected, so nothing was changed') }]);
  });

  test('does not arise where nothing changes, and where another manager was chosen or none', async () => {
    const machine = withIptables();
    await installed(machine);
    expect((await ask({ machine, typed: {} })).asked).toEqual([]);
    expect((await ask({ typed: { OVESETUP_UPDATE_FIREWALL: 'no' } })).asked).toEqual([]);
    expect((await ask({ machine: machines.usual(), typed: {} })).asked).toEqual([]);
  });
});

describe('a host of EL, which the program refuses,', () => {
  const el = (...running: readonly string[]): Machine => {
    const machine = machines['enterprise-linux']();
    const guarded = {
      ...machine,
      units: new Set([...machine.units, 'iptables', 'ip6tables']),
      running: new Map(running.map((unit) => [unit, ''])),
    };
    guarded.disk.set('/proc/sys/net/ipv6', { kind: 'directory', mode: 0o555 });
    guarded.disk.set('/etc/sysconfig/iptables', file(theirRules, 0o600));
    return guarded;
  };

  test('would have our rules in its own files, and its own units enabled', async () => {
    const machine = el('iptables', 'ip6tables');
    const { outcome, screen, host } = await install(unrefused(machine));
    expect(outcome.failure, screen).toBeUndefined();
    expect(screen).toContain('iptables will be configured as firewall manager.');
    const work = host.effects.filter((effect) => /\bip6?tables\b/.test(effect) && !effect.includes('.example'));
    expect(work).toEqual([
      'enable iptables',
      'enable ip6tables',
      'iptables-restore --noflush --wait=10',
      'ip6tables-restore --noflush --wait=10',
      'write /etc/sysconfig/iptables',
      'write /etc/sysconfig/ip6tables',
    ]);
    for (const path of ['/etc/sysconfig/iptables', '/etc/sysconfig/ip6tables']) {
      expect(machine.disk.get(path)).toMatchObject({ mode: 0o600 });
      const lines = textOf(machine.disk.get(path)).split('\n');
      expect(lines.filter((line) => line.startsWith('-A OVIRT-ENGINE ')).sort()).toEqual(ourRules);
    }
    const again = await install(unrefused(machine));
    expect(again.host.effects.filter((effect) => !effect.includes('/setup/answers/'))).toEqual([]);
  });

  test('would keep no rules of IPv6 where nothing puts them in force: what their file holds came with a package', async () => {
    const machine = el('iptables');
    machine.disk.set('/etc/sysconfig/ip6tables', file('*filter\n-A INPUT -j REJECT\nCOMMIT\n', 0o600));
    const { outcome, screen, host } = await install(unrefused(machine));
    expect(outcome.failure, screen).toBeUndefined();
    expect(host.effects.filter((effect) => effect.includes('ip6tables'))).toEqual([]);
  });
});
