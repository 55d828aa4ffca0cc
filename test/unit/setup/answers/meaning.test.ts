import { describe, expect, test } from 'vitest';
import { waivable, whyNoEffect as reasonOf, whyNotAsked } from '../../../../src/setup/answers/known.ts';
import { meanings, namesAmong, questionIn, secrecy } from '../../../../src/setup/answers/meaning.ts';
import { checks, inEnglish, setting, text, yesNo } from '../../../../src/setup/kit/index.ts';

const whyNoEffect = (key: string): string | undefined => {
  const reason = reasonOf(key);
  return reason === undefined ? undefined : inEnglish(reason);
};

const about = 'A setting.';
const fqdn = setting({ key: 'A/fqdn', section: 'network', kind: text, about, ask: { name: 'A_FQDN', text: 'Name' } });
const stop = setting({ key: 'CORE/stop', formerly: ['DIALOG/stop', 'A/fqdn'], section: 'misc', kind: yesNo, about });
const word = setting({ key: 'A/word', section: 'engine', kind: text, about, secret: true, ask: { name: 'A_WORD', text: 'Word' } });
const inner = setting({ key: 'A/inner', section: 'engine', kind: text, about, secret: true });
const settings = [fqdn, stop, word, inner];
const meaningOf = meanings(settings);

describe('a key of an answer file', () => {
  test('means a setting, under its own key before a former one', () => {
    expect(meaningOf('CORE/stop')).toEqual({ of: 'setting', setting: stop, renamed: false });
    expect(meaningOf('DIALOG/stop')).toEqual({ of: 'setting', setting: stop, renamed: true });
    expect(meaningOf('A/fqdn')).toEqual({ of: 'setting', setting: fqdn, renamed: false });
  });

  test('means the reply to a question in one of its turns', () => {
    expect(meaningOf('QUESTION/2/A_FQDN')).toEqual({ of: 'question', name: 'A_FQDN', turn: 2, setting: fqdn, kind: text });
    expect(meaningOf('QUESTION/1/OVESETUP_DIALOG_CONFIRM_SETTINGS')).toMatchObject({ of: 'question', kind: { choices: ['OK', 'Cancel'] } });
    expect(meaningOf('QUESTION/1/low-memory')).toMatchObject({ of: 'question', kind: { choices: ['Yes', 'No'] } });
  });

  test('means nothing where it is known and has no effect, with the reason', () => {
    expect(meaningOf('OVEHOSTED_VM/vmMACAddr')).toEqual({ of: 'nothing', reason: expect.stringContaining('hosted engine') });
    expect(meaningOf('QUESTION/1/OVESETUP_KEYCLOAK_ENABLE')).toEqual({ of: 'nothing', reason: expect.stringContaining('Keycloak') });
  });

  test.each([
    'A/fqnd',
    'QUESTION/1/A_FQND',
    'QUESTION/0/A_FQDN',
    'QUESTION/01/A_FQDN',
    'QUESTION/A_FQDN',
    'QUESTION/1/',
    '',
    'constructor',
  ])('is unknown as %j', (key) => {
    expect(meaningOf(key)).toEqual({ of: 'unknown' });
  });

  test('is secret as the key of a secret, as the reply to its question, or by its name', () => {
    const isSecret = secrecy(settings);
    const keys = [
      'A/word',
      'A/inner',
      'QUESTION/3/A_WORD',
      'OVESETUP_AIO/rootPassword',
      'X/adminPasswd',
      'X/clientSecret',
      'QUESTION/1/SOME_PASSWORD',
    ];
    expect(keys.filter(isSecret)).toEqual(keys);
    expect(['A/fqdn', 'QUESTION/1/A_FQDN', 'SECRETS/name', 'DIALOG/stop'].filter(isSecret)).toEqual([]);
    // The declaration knows better than the name, and a misspelt key is none that is declared.
    const named = secrecy([...settings, { ...settings[0], key: 'A/generatePassword' } as (typeof settings)[number]]);
    expect(['A/generatePassword', 'A/generatePasswort', 'A/generatePasswrd'].filter(named)).toEqual([
      'A/generatePasswort',
      'A/generatePasswrd',
    ]);
  });

  test('can have been meant as any setting or question', () => {
    expect(namesAmong(settings)).toEqual(expect.arrayContaining(['A/fqdn', 'QUESTION/1/A_WORD', 'QUESTION/1/OVESETUP_MEMCHECK_ENABLED']));
  });
});

test('a question has a turn and a name, in which anything may stand', () => {
  expect(questionIn('QUESTION/12/ovirt-provider/ovn x')).toEqual({ turn: 12, name: 'ovirt-provider/ovn x' });
});

test('each check of the host can be accepted by a reply, or has the reason why not', () => {
  expect(checks).toEqual(expect.arrayContaining([...waivable]));
  for (const id of checks) expect(meaningOf(`QUESTION/1/${id}`).of, id).toBe(waivable.includes(id) ? 'question' : 'nothing');
});

describe('what is known to have no effect', () => {
  test.each([
    'OVEHOSTED_CORE/deployProceed',
    'OVESETUP_AIO/configure',
    'OVESETUP_REPORTS_CORE/enable',
    'OVESETUP_GRAFANA_DB/password',
    'OVESETUP_KEYCLOAK_DB/host',
    'OVESETUP_CL_DB/enable',
    'OVESETUP_MB_DB/enable',
    'OVESETUP_FAPOLICYD/configured',
    'OVESETUP_PROVISION_DB/password',
    'OVESETUP_PROVISIONDB_CONFIG/x',
    'OVESETUP_RHEVM_DIALOG/x',
    'OVESETUP_REMOVE/removeAll',
    'CORE/randomizeEvents',
    'DIALOG/customization',
    'PACKAGER/yumRollback',
    'SYSTEM/reboot',
    'NETWORK/iptablesRules',
    'OVESETUP_CONFIG/macRangePool',
    'OVESETUP_CONFIG/httpsPort',
    'OVESETUP_CONFIG/forceInvalidPGConf',
    'OVESETUP_APACHE/httpdService',
    'OVESETUP_PROVISIONING/postgresAuthMethod',
    'OVESETUP_PROVISIONING/postgresLCMessages',
    'OVESETUP_PROVISIONING/postgresListenAddress',
    'OVESETUP_PROVISIONING/postgresMaxConn',
    'OVESETUP_PROVISIONING/postgresScramRotationEnabled',
    'OVESETUP_SYSTEM/userPostgres',
    'OVESETUP_CONFIG/engineServiceStopNeeded',
    'OVESETUP_CONFIG/fenceKdumpListenerStopNeeded',
    'OVESETUP_DB/upgradeWithHeEl6Hosts',
    'OVESETUP_DIALOG/confirmUpgrade',
    'OVESETUP_SYSTEM/redhatSupportProxyEnabled',
    'OVESETUP_SKIP_RENEW_PKI_CONFIRM/x',
    'OVESETUP_VMCONSOLE_PROXY_CONFIG/vmconsoleProxyPort',
  ])('%s has its reason, in a sentence', (key) => {
    expect(whyNoEffect(key)).toMatch(/^[A-Z].*\.$/);
  });

  test('is told by the longest beginning, and by the whole name before any beginning', () => {
    expect(whyNoEffect('DIALOG/autoAcceptDefault')).toContain('--accept-defaults');
    expect(whyNoEffect('DIALOG/other')).not.toContain('--accept-defaults');
    expect(whyNoEffect('OVESETUP_CONFIG/isoDomainACL')).toContain('ISO');
  });

  test('names the setting that is meant by another key', () => {
    expect(whyNoEffect('OVESETUP_CONFIG/httpsPort')).toContain('OVESETUP_CONFIG/publicHttpsPort');
  });

  test('says of no other names that they are known', () => {
    expect(['OVESETUP_CONFIG/fqdn', 'OVESETUP_AIO', 'XCORE/y', 'OVESETUP_CONFIG/iso', ''].map(whyNoEffect)).toEqual(
      Array(5).fill(undefined),
    );
    expect(['A_FQDN', 'UPGRADE_DBM', ''].map(whyNotAsked)).toEqual(Array(3).fill(undefined));
  });
});
