import { describe, expect, test } from 'vitest';
import type { Setting } from '#kit';
import { configureSsl, rootRedirection } from '../../../../plugins/apache/settings.ts';
import { dwh, scale } from '../../../../plugins/dwh/settings.ts';
import { enable } from '../../../../plugins/engine/settings.ts';
import { imageioProxy } from '../../../../plugins/imageio/settings.ts';
import { ovn } from '../../../../plugins/ovn/settings.ts';
import { vmconsoleProxy } from '../../../../plugins/vmconsole/settings.ts';
import { websocketProxy } from '../../../../plugins/websocket/settings.ts';
import { besideEngineHost } from '../../../support/engine-elsewhere.ts';
import { dialogue, goodPassword } from '../../../support/dialogue.ts';
import { sshServers } from '../../../support/ssh-server.ts';

const given = { 'OVESETUP_CONFIG/adminPassword': goodPassword };
/** Answers with which a host has no engine, and nothing that works for one elsewhere. */
const withoutEngine = {
  'OVESETUP_ENGINE_CORE/enable': false,
  'OVESETUP_DWH_CORE/enable': false,
  'OVESETUP_CONFIG/imageioProxyConfig': false,
  'OVESETUP_CONFIG/websocketProxyConfig': false,
};

/** Components that a trial below a root can have. The engine it always has. */
const inTrials: ReadonlySet<unknown> = new Set<unknown>([ovn, imageioProxy, websocketProxy, dwh]);

describe.each([
  ['OVESETUP_ENGINE_ENABLE', enable, false],
  ['ovirt-provider-ovn', ovn, true],
  ['OVESETUP_CONFIG_IMAGEIO_PROXY', imageioProxy, true],
  ['OVESETUP_CONFIG_WEBSOCKET_PROXY', websocketProxy, true],
  ['OVESETUP_DWH_ENABLE', dwh, true],
  ['OVESETUP_CONFIG_VMCONSOLE_PROXY', vmconsoleProxy, true],
] as const satisfies readonly (readonly [string, Setting<boolean>, boolean])[])(
  'the component of the question %s',
  (name, component, optional) => {
    test('is asked for on a first installation, with yes for Enter, and below a root where there is one', async () => {
      const { dialog, find } = await dialogue({ typed: {} });
      expect(dialog.asked.find((question) => question.name === name)).toMatchObject({ choices: ['Yes', 'No'], initial: 'Yes' });
      expect(find(component)).toBe(true);
      const trial = await dialogue({ typed: {}, sandbox: true });
      expect(trial.asked.includes(name)).toBe(inTrials.has(component));
      expect(trial.find(component)).toBe(inTrials.has(component) ? true : undefined);
    });

    test('is installed by default where nobody is there, and can be declined', async () => {
      expect((await dialogue({ given })).find(component)).toBe(true);
      expect(
        (await dialogue({ given: { ...given, ...withoutEngine, 'OVESETUP_ENGINE_CORE/enable': true, [component.key]: false } })).find(
          component,
        ),
      ).toBe(false);
      expect((await dialogue({ typed: { [name]: 'no', OVESETUP_NETWORK_FQDN_the_engine: 'engine.example.net' } })).find(component)).toBe(
        false,
      );
    });

    test('is not asked for again by later runs, but for one that was declined where that is wanted', async () => {
      const kept = { [component.key]: false, 'OVESETUP_ENGINE_CONFIG/fqdn': 'engine.example.net' };
      expect((await dialogue({ typed: {}, kept })).asked).not.toContain(name);
      const again = await dialogue({ typed: {}, kept, more: { reconfigureOptional: true } });
      expect(again.asked.includes(name)).toBe(optional);
      expect(again.find(component)).toBe(optional);
    });
  },
);

describe('the VM console proxy', () => {
  test('stands beside an engine only, and says so', async () => {
    const { asked, find, dialog } = await dialogue({ given: withoutEngine, typed: {} });
    expect(asked).not.toContain('OVESETUP_CONFIG_VMCONSOLE_PROXY');
    expect(find(vmconsoleProxy)).toBeUndefined();
    expect(dialog.logged).toContainEqual(['info', 'VM Console Proxy on a host without the engine is not supported']);
    expect((await dialogue({ given, typed: {} })).dialog.logged.map(([, line]) => line)).not.toContainEqual(
      expect.stringContaining('not supported'),
    );
  });
});

describe('the web server', () => {
  test('is asked about beside an engine only', async () => {
    const names = ['OVESETUP_APACHE_CONFIG_ROOT_REDIRECTION', 'OVESETUP_APACHE_CONFIG_SSL'];
    const { asked, find } = await dialogue({ given, typed: {} });
    expect(asked).toEqual(expect.arrayContaining(names));
    expect([find(rootRedirection), find(configureSsl)]).toEqual([true, true]);
    const without = await dialogue({ given: withoutEngine, typed: {} });
    expect(without.asked.filter((name) => names.includes(name))).toEqual([]);
    expect([without.find(rootRedirection), without.find(configureSsl)]).toEqual([undefined, undefined]);
  });

  test('has a default page for Enter that distributors choose', async () => {
    const { dialog, find } = await dialogue({ given: { ...given, 'OVESETUP_APACHE/configureRootRedirectionDefault': false }, typed: {} });
    expect(dialog.asked.find(({ name }) => name === 'OVESETUP_APACHE_CONFIG_ROOT_REDIRECTION')?.initial).toBe('No');
    expect(find(rootRedirection)).toBe(false);
  });

  test.each([
    ['', true],
    ['manual', false],
    ['AUTOMATIC', true],
  ])('has TLS configured or not, as %j says', async (reply, wanted) => {
    const { dialog, find } = await dialogue({ given, typed: { OVESETUP_APACHE_CONFIG_SSL: reply } });
    expect(dialog.asked.find(({ name }) => name === 'OVESETUP_APACHE_CONFIG_SSL')).toMatchObject({
      choices: ['Automatic', 'Manual'],
      initial: 'Automatic',
    });
    expect(find(configureSsl)).toBe(wanted);
  });
});

describe('the data warehouse', () => {
  test('speaks of its place beside the engine in its question, where there is an engine', async () => {
    const notes = async (answers: Readonly<Record<string, unknown>>) =>
      (await dialogue({ given: answers, typed: { OVESETUP_DWH_ENABLE: 'no' } })).dialog.asked.find(
        ({ name }) => name === 'OVESETUP_DWH_ENABLE',
      )?.notes;
    expect(await notes(given)).toEqual(expect.arrayContaining(['* Please note * : Data Warehouse is required for the engine.']));
    const { 'OVESETUP_DWH_CORE/enable': _, ...others } = withoutEngine;
    expect(await notes(others)).toEqual([]);
  });

  test('keeps less beside an engine than alone, unless somebody chooses', async () => {
    const alone = { ...withoutEngine, 'OVESETUP_DWH_CORE/enable': true, 'OVESETUP_ENGINE_CONFIG/fqdn': 'engine.example.net' };
    expect((await dialogue({ given, typed: {} })).find(scale)).toBe('1');
    const machine = besideEngineHost(goodPassword, { sshServers: sshServers(goodPassword, 'engine.example.net:22') });
    expect(
      (await dialogue({ machine, given: alone, typed: { 'remote-host-key': 'yes', OVESETUP_ENGINE_DB_HOST: 'engine.example.net' } })).find(
        scale,
      ),
    ).toBe('2');
    expect((await dialogue({ given, typed: { OVESETUP_DWH_SCALE: ['3', '2'] } })).find(scale)).toBe('2');
    expect((await dialogue({ given: { ...given, 'OVESETUP_DWH_CORE/enable': false }, typed: {} })).asked).not.toContain(
      'OVESETUP_DWH_SCALE',
    );
  });
});
