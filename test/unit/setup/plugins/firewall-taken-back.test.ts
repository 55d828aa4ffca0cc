import { describe, expect, test } from 'vitest';
import { type Machine, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { textOf } from '../../../../src/setup/kit/host.ts';
import { guarded, installed, letIn, runtimePorts, zone } from '../../../support/firewalld.ts';
import { conf, fewestAnswers, install } from '../../../support/installation.ts';

const files = [conf(fewestAnswers)];
/** Lets every effect on the firewall fail, and the one behind them; gives all that was done. */
async function failing(make: () => Promise<Machine>, more: Readonly<Record<string, string>>, see: (machine: Machine) => Promise<void>) {
  const { effects } = await installed(await make(), more);
  const ofFirewall = effects.flatMap((effect, index) => (/firewalld(:|$)|\/firewalld\/(services|zones)/.test(effect) ? [index + 1] : []));
  const done: string[] = [];
  for (const at of [...ofFirewall, Math.max(...ofFirewall) + 1]) {
    const machine = await make();
    const { outcome, host } = await install({ machine, files: [conf({ ...fewestAnswers, ...more })], accidents: [{ at, how: 'fail' }] });
    expect(outcome.failure, effects[at - 1]).toBeDefined();
    await see(machine);
    done.push(...host.effects);
  }
  return done;
}

const alone = (machine: Machine, lines: string): void =>
  void machine.running.set('firewalld', (machine.running.get('firewalld') ?? '').replace('</zone>', `${lines}</zone>`));

describe('firewalld, when a run is taken back,', () => {
  const anew = /^(restart|stop|start) firewalld$|^firewalld: reload$/;

  test('keeps what it was told alone, and nothing of ours', async () => {
    const effects = await failing(
      async () => guarded('', runtimePorts),
      {},
      async (machine) => {
        expect(await letIn(machine)).toEqual(['2022/tcp', '7777/tcp']);
        expect(textOf(machine.disk.get(zone))).toBe('<zone>\n</zone>\n');
      },
    );
    expect(effects.filter((effect) => anew.test(effect))).toEqual([]);
  });

  test.each([
    ['another port', { 'OVESETUP_CONFIG/websocketProxyPort': 'str:6101' }],
    ['a component less', { 'OVESETUP_CONFIG/websocketProxyConfig': 'bool:False' }],
  ])('lets in what it did before %s', async (_, more) => {
    const make = async (): Promise<Machine> => {
      const machine = newMachine();
      await installed(machine);
      alone(machine, runtimePorts);
      return machine;
    };
    const before = await letIn(await make());
    const effects = await failing(make, more, async (machine) => {
      const [now, file] = [await letIn(machine), textOf(machine.disk.get('/etc/firewalld/services/ovirt-websocket-proxy.xml'))];
      expect(now).toEqual(before);
      expect(file).toContain('port="6100"');
    });
    expect(effects.filter((effect) => anew.test(effect))).toEqual([]);
  });

  test('reads its settings again where nothing is lost by that, and is not restarted', async () => {
    const make = async (): Promise<Machine> => guarded('  <service name="ssh"/>\n');
    const effects = await failing(make, {}, async (machine) => expect(await letIn(machine)).toEqual(['ssh']));
    expect(effects).toContain('firewalld: reload');
    expect(effects).not.toContain('restart firewalld');
    expect((await installed(await make())).effects).not.toContain('restart firewalld');
  });

  test('has the port of ssh among its settings before it is started again after a power cut', async () => {
    const machine = guarded('', runtimePorts);
    const { effects } = await installed(guarded('', runtimePorts));
    const at = effects.findLastIndex((effect) => effect.startsWith('firewalld: ')) + 1;
    await install({ machine, files, accidents: [{ at, how: 'cut-after' }] }).catch(() => undefined);
    machine.running.clear();
    const { outcome, host } = await install({ machine, files, accidents: [{ at: 9, how: 'fail' }] });
    expect(outcome.failure).toBeDefined();
    const work = host.effects.filter((effect) => /^(start )?firewalld/.test(effect));
    expect(work).toEqual(['firewalld: --zone=public --add-port=2022/tcp', 'start firewalld']);
    expect(await letIn(machine)).toEqual(['2022/tcp']);
  });
});
