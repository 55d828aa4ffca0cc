import fc from 'fast-check';
import { expect, test } from 'vitest';
import { plugins } from '../../../../plugins/index.ts';
import type { AnySetting } from '../../../../src/setup/core/answers.ts';
import { confirmSettings } from '../../../../src/setup/core/confirm.ts';
import { planText, settingsPreview } from '../../../../src/setup/core/preview.ts';
import { type Machine, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { dialogue } from '../../../support/dialogue.ts';
import { hostKey, sshServers } from '../../../support/ssh-server.ts';
import { english } from '../../../support/fakes.ts';
import { foreignAuthority } from '../../../support/foreign-authority.ts';
import { conf, install } from '../../../support/installation.ts';

const settings: readonly AnySetting[] = [...plugins.flatMap((plugin) => plugin.settings ?? []), confirmSettings];
const remote = { host: 'db1.example.net', port: 5432, settings: {} };

/** An empty machine beside the databases that a file may speak of. */
const machine = (): Machine =>
  newMachine({
    names: new Map([
      ['engine.example.net', ['192.0.2.10']],
      ['localhost', ['127.0.0.1']],
      ['db1.example.net', ['192.0.2.20']],
    ]),
    sshServers: sshServers('canary-secret-root', 'engine.example.net:5432', 'engine.example.net:8443', 'engine.example.net:22'),
    remoteDatabases: ['engine', 'ovirt_engine_history'].map((name) => ({ ...remote, name, user: name, password: `canary-secret-${name}` })),
  });

const authority = foreignAuthority();
authority.issue('web');
const imported = { certificates: ['web', 'chain'].map((id) => authority.read(`${id}.pem`)).join(''), key: authority.read('web.key') };
authority.remove();

/** Texts that are right for a setting; the kind alone says too little. */
const texts: Readonly<Record<string, readonly string[]>> = {
  'OVESETUP_CONFIG/fqdn': ['engine.example.net', 'localhost'],
  'OVESETUP_ENGINE_CONFIG/fqdn': ['engine.example.net'],
  'OVESETUP_CORE/upgradeSupportedVersions': ['4.7, 4.8'],
  'OVESETUP_CONFIG/firewallManager': ['firewalld'],
  'OVESETUP_CONFIG/validFirewallManagers': ['firewalld', 'firewalld, ufw'],
  'OVESETUP_DB/host': ['localhost', 'db1.example.net'],
  'OVESETUP_DB/database': ['engine'],
  'OVESETUP_DB/user': ['engine'],
  'OVESETUP_DB/password': ['canary-secret-engine'],
  'OVESETUP_DWH_DB/host': ['localhost', 'db1.example.net'],
  'OVESETUP_DWH_DB/database': ['ovirt_engine_history'],
  'OVESETUP_DWH_DB/user': ['ovirt_engine_history'],
  'OVESETUP_DWH_CONFIG/uuid': ['0b5c1f0e-0000-4000-8000-000000000001'],
  'OVESETUP_DWH_DB/password': ['canary-secret-ovirt_engine_history'],
  'OVESETUP_PROVISIONING/postgresAdminPassword': ['canary-secret-server'],
  'OVESETUP_CONFIG/adminPassword': ['canary-secret-admin', 'password1'],
  'OVESETUP_CONFIG/remoteEngineHostKey': [hostKey.fingerprint],
  'OVESETUP_CONFIG/remoteEngineHostRootPassword': ['canary-secret-root'],
  'OVESETUP_CONFIG/websocketProxySignedCertificate': [''],
  'OVESETUP_CONFIG/remoteEngineAuthorityFile': [''],
  'OVESETUP_DB/authority': [imported.certificates],
  'OVESETUP_DB/clients': ['', '192.0.2.7, 2001:db8::/64'],
  'OVESETUP_DWH_DB/existingDwhHost': ['dwh.example.net'],
  'OVESETUP_CONFIG/ssoClientSecret': ['canary-secret-of-single-sign-on-00001'],
  'OVESETUP_OVN/ovirtProviderOvnUser': ['admin@internal', 'ovn@internal'],
  'OVESETUP_OVN/ovirtProviderOvnPassword': ['canary-secret-ovn'],
  'OVESETUP_OVN/ovirtProviderOvnSecret': ['canary-secret-of-the-provider-000001'],
  'OVESETUP_PKI/organization': ['Example, Inc.', 'Müller & Söhne "GmbH"'],
  'OVESETUP_PKI/country': ['DE'],
  'OVESETUP_PKI/storePassword': ['canary-secret-stores'],
  'OVESETUP_PKI/httpsCertificate': [imported.certificates],
  'OVESETUP_PKI/httpsKey': [imported.key],
};

/** An answer that the kind of a setting accepts, and mostly its validation too. */
function answerTo({ key, kind }: AnySetting): fc.Arbitrary<unknown> {
  const bounds = /^integer (\d+)\.\.(\d+)$/.exec(kind.name);
  if (texts[key] !== undefined) return fc.constantFrom(...texts[key]);
  if (kind.choices !== undefined) return fc.constantFrom(...kind.choices, ...kind.choices.map((choice) => choice.toUpperCase()));
  if (bounds !== null) return fc.oneof(fc.constantFrom(5432, 8443), fc.integer({ min: Number(bounds[1]), max: Number(bounds[2]) }));
  throw new Error(`${key}: write down texts that are right for it`);
}

/** What has no default is mostly given: otherwise few of the answers would lead to a plan. */
const needed = ['OVESETUP_CONFIG/adminPassword', 'OVESETUP_ENGINE_CONFIG/fqdn', 'OVESETUP_CONFIG/remoteEngineHostRootPassword'];
const all = Object.fromEntries(settings.map((setting) => [setting.key, answerTo(setting)]));
const given = fc.oneof({ weight: 4, arbitrary: fc.record(all, { requiredKeys: needed }) }, fc.record(all, { requiredKeys: [] }));

test('whatever answers are given, the plan for them holds together, can be made on an empty machine and shows no secret', async () => {
  let plans = 0;
  await fc.assert(
    fc.asyncProperty(given, fc.boolean(), async (answers, sandbox) => {
      const { answers: view, problems, plan } = await dialogue({ machine: machine(), given: answers, sandbox });
      if (problems.length > 0) return;
      plans += 1;
      const made = await plan();
      const shown = JSON.stringify([english(planText(made, [])), english(settingsPreview(view)), made]);
      for (const [{ key, secret }, { value }] of view.all) if (secret === true) expect(shown, key).not.toContain(String(value));
      expect(shown).not.toContain('canary-secret');
      expect(made.pending).toBe(made.steps.length);
    }),
    { numRuns: 250 },
  );
  expect(plans).toBeGreaterThan(20);
}, 60_000);

test('whatever is given, even nonsense, is settled or refused with the places of what is wrong, and no secret is repeated', async () => {
  const canary = 'canary-secret';
  const nonsense = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.boolean(), fc.integer(), fc.array(fc.string()));
  const anythingFor = ({ secret }: AnySetting) => (secret === true ? fc.oneof(nonsense, fc.constantFrom(canary, `${canary}\n`)) : nonsense);
  const anything = fc.record(Object.fromEntries(settings.map((setting) => [setting.key, anythingFor(setting)])), { requiredKeys: [] });
  await fc.assert(
    fc.asyncProperty(anything, fc.boolean(), async (answers, sandbox) => {
      const { problems, dialog } = await dialogue({ machine: machine(), given: answers, sandbox });
      for (const { message } of problems) expect(message).toMatch(/^(OVESETUP|OSETUP)_[A-Z_]+\/\w+/);
      expect(JSON.stringify([problems, dialog.logged, dialog.notes])).not.toContain(canary);
    }),
    { numRuns: 250 },
  );
}, 60_000);

test('the same answers give the same plan', async () => {
  await fc.assert(
    fc.asyncProperty(given, async (answers) => {
      const plans = await Promise.all(
        [1, 2].map(async () => {
          const { problems, plan } = await dialogue({ machine: machine(), given: answers });
          return problems.length > 0 ? problems : english(planText(await plan(), []));
        }),
      );
      expect(plans[1]).toEqual(plans[0]);
    }),
    { numRuns: 60 },
  );
}, 60_000);

test('a plan that changes secrets shows neither the former nor the new ones', async () => {
  const secretsOf = (canary: string): Readonly<Record<string, string>> => ({
    'OVESETUP_DB/password': `${canary}-database`,
    'OVESETUP_PROVISIONING/postgresAdminPassword': `${canary}-server`,
    'OVESETUP_CONFIG/ssoClientSecret': `${canary}-of-single-sign-on-0000000001`,
  });
  const on = newMachine();
  const first = Object.entries({ ...secretsOf('canary-former'), 'OVESETUP_CONFIG/adminPassword': 'canary-former-admin' });
  const { outcome, screen } = await install({
    machine: on,
    files: [conf(Object.fromEntries(first.map(([key, value]) => [key, `str:${value}`])))],
  });
  expect(outcome.failure, screen).toBeUndefined();
  const { answers, problems, plan } = await dialogue({ machine: on, given: secretsOf('canary-new') });
  expect(problems).toEqual([]);
  const made = await plan();
  expect(made.steps.filter(({ change }) => change.kind !== 'none').map(({ step }) => step.id)).toEqual(
    expect.arrayContaining(['database/engine-role', 'engine/10-setup-database.conf', 'engine/11-setup-sso.conf']),
  );
  expect(JSON.stringify([english(planText(made, [])), english(settingsPreview(answers)), made])).not.toMatch(/canary-(former|new)/);
});
