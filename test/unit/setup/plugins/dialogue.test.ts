import { describe, expect, test } from 'vitest';
import { GoBack } from '#kit';
import { plugins } from '../../../../plugins/index.ts';
import { applicationMode, engineHere } from '../../../../plugins/engine/settings.ts';
import { fqdn } from '../../../../plugins/network/settings.ts';
import { organization } from '../../../../plugins/pki/settings.ts';
import { newMachine } from '../../../../src/setup/host/memory/index.ts';
import { dialogue, goodPassword } from '../../../support/dialogue.ts';

const components = [
  'OVESETUP_ENGINE_ENABLE',
  'ovirt-provider-ovn',
  'OVESETUP_CONFIG_IMAGEIO_PROXY',
  'OVESETUP_CONFIG_WEBSOCKET_PROXY',
  'OVESETUP_DWH_ENABLE',
  'OVESETUP_CONFIG_VMCONSOLE_PROXY',
];

describe('the questions of a first installation', () => {
  test('come in the classic order, and nothing else is asked', async () => {
    const { asked, problems } = await dialogue({ typed: {} });
    expect(problems).toEqual([]);
    expect(asked).toEqual([
      ...components,
      'OVESETUP_NETWORK_FQDN_this',
      'OVESETUP_UPDATE_FIREWALL',
      'OVESETUP_CONFIG_FIREWALL_MANAGER',
      'OVESETUP_DWH_PROVISIONING_POSTGRES_LOCATION',
      'OVESETUP_DWH_PROVISIONING_POSTGRES_ENABLED',
      'OVESETUP_PROVISIONING_POSTGRES_LOCATION',
      'OVESETUP_PROVISIONING_POSTGRES_ENABLED',
      'OVESETUP_CONFIG_ADMIN_SETUP',
      'OVESETUP_CONFIG_ADMIN_SETUP',
      'OVESETUP_CONFIG_APPLICATION_MODE',
      'ovirt-provider-ovn-default-credentials',
      'OVESETUP_CONFIG_SAN_WIPE_AFTER_DELETE',
      'OVESETUP_PKI_ORG',
      'OVESETUP_APACHE_CONFIG_ROOT_REDIRECTION',
      'OVESETUP_APACHE_CONFIG_SSL',
      'OVESETUP_DWH_SCALE',
    ]);
  });

  test('stand below the classic titles, that of the system without a question among them', async () => {
    expect((await dialogue({ typed: {} })).dialog.titles).toEqual([
      'PRODUCT OPTIONS',
      'PACKAGES',
      'NETWORK CONFIGURATION',
      'DATABASE CONFIGURATION',
      'OVIRT ENGINE CONFIGURATION',
      'STORAGE CONFIGURATION',
      'PKI CONFIGURATION',
      'APACHE CONFIGURATION',
      'SYSTEM CONFIGURATION',
      'MISC CONFIGURATION',
      'END OF CONFIGURATION',
    ]);
  });

  test('are only those that matter below a root', async () => {
    const { asked, dialog } = await dialogue({ typed: {}, sandbox: true });
    expect(asked).toEqual([
      'ovirt-provider-ovn',
      'OVESETUP_CONFIG_IMAGEIO_PROXY',
      'OVESETUP_CONFIG_WEBSOCKET_PROXY',
      'OVESETUP_DWH_ENABLE',
      'OVESETUP_NETWORK_FQDN_this',
      'OVESETUP_CONFIG_ADMIN_SETUP',
      'OVESETUP_CONFIG_ADMIN_SETUP',
      'OVESETUP_CONFIG_APPLICATION_MODE',
      'ovirt-provider-ovn-default-credentials',
      'OVESETUP_CONFIG_SAN_WIPE_AFTER_DELETE',
      'OVESETUP_PKI_ORG',
      'OVESETUP_DWH_SCALE',
    ]);
    expect(dialog.titles).not.toContain('SYSTEM CONFIGURATION');
  });

  test('are but two where there is no engine and no component on the host', async () => {
    const no = Object.fromEntries(components.map((name) => [name, 'no']));
    const { asked, answers } = await dialogue({ typed: no });
    expect(asked).toEqual([
      ...components.slice(0, -1).filter((name) => name !== 'ovirt-provider-ovn' && name !== 'OVESETUP_CONFIG_IMAGEIO_PROXY'),
      'OVESETUP_NETWORK_FQDN_this',
      'OVESETUP_UPDATE_FIREWALL',
      'OVESETUP_CONFIG_FIREWALL_MANAGER',
    ]);
    expect(engineHere(answers)).toBe(false);
  });

  test('follow the way back over sections, and what hangs on an answer is computed anew', async () => {
    const names = new Map(['engine.example.net', 'engine.example.org'].map((name) => [name, ['192.0.2.10']]));
    const { asked, find, dialog } = await dialogue({
      machine: newMachine({ names, units: new Set() }),
      given: {
        'OVESETUP_ENGINE_CORE/enable': true,
        'OVESETUP_OVN/ovirtProviderOvn': false,
        'OVESETUP_CONFIG/imageioProxyConfig': true,
        'OVESETUP_CONFIG/websocketProxyConfig': true,
        'OVESETUP_DWH_CORE/enable': false,
        'OVESETUP_VMCONSOLE_PROXY_CONFIG/vmconsoleProxyConfig': true,
        'OVESETUP_PROVISIONING/postgresProvisioningEnabled': true,
        'OVESETUP_CONFIG/adminPassword': goodPassword,
        'OVESETUP_DB/clients': '',
        'OVESETUP_CONFIG/sanWipeAfterDelete': false,
      },
      typed: {
        OVESETUP_NETWORK_FQDN_this: ['', 'engine.example.org'],
        OVESETUP_CONFIG_APPLICATION_MODE: ['virt', new GoBack(), ''],
        OVESETUP_PKI_ORG: ['', new GoBack(), ''],
        OVESETUP_APACHE_CONFIG_ROOT_REDIRECTION: [new GoBack(), ''],
      },
    });
    expect(asked).toEqual([
      'OVESETUP_NETWORK_FQDN_this',
      'OVESETUP_CONFIG_APPLICATION_MODE',
      'OVESETUP_PKI_ORG',
      'OVESETUP_APACHE_CONFIG_ROOT_REDIRECTION',
      'OVESETUP_PKI_ORG',
      'OVESETUP_CONFIG_APPLICATION_MODE',
      'OVESETUP_NETWORK_FQDN_this',
      'OVESETUP_CONFIG_APPLICATION_MODE',
      'OVESETUP_PKI_ORG',
      'OVESETUP_APACHE_CONFIG_ROOT_REDIRECTION',
      'OVESETUP_APACHE_CONFIG_SSL',
    ]);
    expect([find(fqdn), find(organization), find(applicationMode)]).toEqual(['engine.example.org', 'example.org', 'virt']);
    const again = ['PKI CONFIGURATION', 'OVIRT ENGINE CONFIGURATION', 'NETWORK CONFIGURATION', 'OVIRT ENGINE CONFIGURATION'];
    expect(dialog.titles.slice(dialog.titles.indexOf('APACHE CONFIGURATION') + 1).slice(0, 4)).toEqual(again);
  });
});

describe('an unattended first installation', () => {
  test('has to be told the password of the administrator, and nothing else', async () => {
    expect((await dialogue({})).problems.map(({ id }) => id)).toEqual(['OVESETUP_CONFIG/adminPassword']);
    expect((await dialogue({ given: { 'OVESETUP_CONFIG/adminPassword': goodPassword } })).problems).toEqual([]);
    expect((await dialogue({ sandbox: true })).problems.map(({ id }) => id)).toEqual(['OVESETUP_CONFIG/adminPassword']);
  });

  test('can have the name of every question answered by that name', async () => {
    const asked = await dialogue({ typed: {} });
    const turns = new Map<string, number>();
    const given: Record<string, string> = {};
    for (const { name, hidden, initial } of asked.dialog.asked) {
      const turn = (turns.get(name) ?? 0) + 1;
      turns.set(name, turn);
      given[`QUESTION/${turn}/${name}`] = hidden ? goodPassword : (initial ?? '');
    }
    const { problems, dialog, answers } = await dialogue({ given });
    expect(problems).toEqual([]);
    expect(dialog.shown.map(([name]) => name)).toEqual(asked.asked);
    const visible = (all: typeof answers) =>
      [...all.all].filter(([{ secret }]) => secret !== true).map(([{ key }, { value }]) => [key, value]);
    expect(visible(answers)).toEqual(visible(asked.answers));
  });
});

describe('components that there are not below a root', () => {
  test('leave no answer to them unsaid', async () => {
    const given = {
      'OVESETUP_CONFIG/updateFirewall': false,
      'OVESETUP_CONFIG/adminPassword': goodPassword,
    };
    const { dialog, problems } = await dialogue({ given, sandbox: true });
    expect(problems).toEqual([]);
    expect(dialog.logged).toEqual([
      [
        'warning',
        'OVESETUP_CONFIG/updateFirewall (a.conf:1) has no effect: there is no component firewall in an installation of this kind',
      ],
      ['info', 'VM Console Proxy is left out of a trial of root: without an account of its own it would let people in as root'],
    ]);
  });

  test('are those of the whole host', async () => {
    const { answers } = await dialogue({ sandbox: true, given: { 'OVESETUP_CONFIG/adminPassword': goodPassword } });
    expect(plugins.filter(({ applies }) => applies?.(answers) === false).map(({ name }) => name)).toEqual([
      'apache',
      'firewall',
      'packages',
    ]);
  });
});
