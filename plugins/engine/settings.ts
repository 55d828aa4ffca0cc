import { type Setting, type Stop, type View, choice, decision, fact, message, readText, setting, term, text, yesNo } from '#kit';
import { minimumLength } from '../../src/setup/pki/password-limits.ts';
import { healthSocketOf, isWholeHost } from '../environment/settings.ts';
import { fqdn } from '../network/settings.ts';

export const unit = 'ovirt-engine';

export const paths = {
  configuration: '/etc/ovirt-engine/engine.conf',
  fragment: (name: string): string => `/etc/ovirt-engine/engine.conf.d/${name}`,
  adminPassword: '/var/lib/ovirt-engine/admin-password',
  log: '/var/log/ovirt-engine/engine.log',
  healthSocket: healthSocketOf(unit),
} as const;

/** The file that an installation leaves behind. */
export const postInstall = '/etc/ovirt-engine-setup.conf.d/20-setup-ovirt-post.conf';

/** Whether an earlier run has come to its end here: then the administrator exists, and the password is theirs. */
export const installed = fact('installed', async (host) =>
  ((await readText(host, postInstall)) ?? '').includes('OVESETUP_CORE/generatedByVersion='),
);

/** Secrets that an earlier or unfinished run has left in their places. */
export const knownSecrets = fact('engine-secrets', async (host) => ({
  admin: (await readText(host, paths.adminPassword))?.trim(),
  client: /^ENGINE_SSO_CLIENT_SECRET="([\w-]+)"$/m.exec((await readText(host, paths.fragment('11-setup-sso.conf'))) ?? '')?.[1],
}));

export const enable: Setting<boolean> = setting({
  key: 'OVESETUP_ENGINE_CORE/enable',
  section: 'product',
  kind: yesNo,
  about: 'Installs the engine on this host.',
  ask: { name: 'OVESETUP_ENGINE_ENABLE', text: 'Configure Engine on this host' },
  preview: 'Engine installation',
  keep: true,
  // A trial has one; only somebody who says so has none in it.
  when: (view): boolean => isWholeHost(view) || view.peek(enable) === false,
  initial: true,
});

/** Whether the engine is a part of this installation; of a trial it always is. */
export const engineHere = (view: View): boolean => view.find(enable) ?? true;

/** The engine is being installed, not installed already. */
const isFirst = (view: View): boolean => engineHere(view) && !view.fact(installed);

export const generateAdminPassword = setting({
  key: 'OVESETUP_CONFIG/generateAdminPassword',
  section: 'engine',
  kind: yesNo,
  about: message`Makes up the password of the administrator and keeps it in ${paths.adminPassword}, readable by its owner only.`,
  when: isFirst,
  initial: false,
});

export const adminPassword: Setting<string> = setting({
  key: 'OVESETUP_CONFIG/adminPassword',
  section: 'engine',
  kind: text,
  about: 'Password of the administrator, admin@internal.',
  ask: {
    name: 'OVESETUP_CONFIG_ADMIN_SETUP',
    text: 'Engine admin password',
    confirm: 'Confirm engine admin password',
    when: (view) => !view.get(generateAdminPassword),
  },
  secret: true,
  when: isFirst,
  initial: (view, host) =>
    view.get(generateAdminPassword) ? (view.fact(knownSecrets).admin ?? host.crypto.random(15).toString('base64url')) : undefined,
  remember: (view) => view.given(adminPassword),
  async validate(value, view) {
    if (value.length < minimumLength) return message`The password is shorter than ${minimumLength} characters`;
    // Dictionaries of passwords are large: they are read only when a password has to be judged.
    const { weakness } = await import('../../src/setup/pki/password-strength.ts');
    const flaw = weakness(value, ['admin', 'internal', 'ovirt', 'engine', ...view.get(fqdn).split('.')]);
    if (flaw === undefined) return undefined;
    return {
      id: 'OVESETUP_CONFIG_WEAK_ENGINE_PASSWORD',
      doubt: message`The password is weak: ${term(flaw)}`,
      question: 'Use weak password?',
      acceptedWhenGiven: true,
    };
  },
});

export const ssoClientSecret = setting({
  key: 'OVESETUP_CONFIG/ssoClientSecret',
  section: 'engine',
  kind: text,
  about: 'Secret of the engine as a client of its own single sign-on; made up where none is given.',
  secret: true,
  when: engineHere,
  initial: (view, host) => view.fact(knownSecrets).client ?? host.crypto.random(24).toString('base64url'),
  validate: (value) => (/^[\w-]{32,}$/.test(value) ? undefined : 'must be at least 32 letters, digits, hyphens or underscores'),
});

export const vacuum = setting({
  key: 'OVESETUP_DB/engineVacuumFull',
  section: 'engine',
  kind: yesNo,
  about: 'Rewrites the whole engine database, which gives its unused space back to the disk. It takes minutes for a large one.',
  ask: {
    name: 'ENGINE_VACUUM_FULL',
    text: 'Would you like to run a full vacuum on the Engine database?',
    notes: [
      'Setup can run a full vacuum on the Engine database. It reduces the size of the database and can make it quicker,',
      'but it takes time, and needs as much free space on the disk as the database itself.',
    ],
  },
  when: (view) => engineHere(view) && view.fact(installed),
  remember: false,
  initial: false,
});

export const applicationMode = setting({
  key: 'OVESETUP_CONFIG/applicationMode',
  section: 'engine',
  kind: choice('Virt', 'Gluster', 'Both'),
  about: 'What the engine manages: virtual machines, storage of Gluster, or both.',
  ask: { name: 'OVESETUP_CONFIG_APPLICATION_MODE', text: 'Application mode' },
  preview: 'Application mode',
  when: isFirst,
  initial: 'both',
});

export const sanWipeAfterDelete = setting({
  key: 'OVESETUP_CONFIG/sanWipeAfterDelete',
  section: 'storage',
  kind: yesNo,
  about: 'Whether new disks on block storage are overwritten with zeros when they are deleted. Each disk can have it otherwise.',
  ask: { name: 'OVESETUP_CONFIG_SAN_WIPE_AFTER_DELETE', text: 'Default SAN wipe after delete', when: isFirst },
  preview: 'Default SAN wipe after delete',
  keep: true,
  when: engineHere,
  initial: false,
});

const notifierFilters = '/etc/ovirt-engine/notifier/notifier.conf.d';

/** Filters of the notifier that name groups of hosts by a word that is gone: such a filter matches nothing. */
export const lostFilters = fact('notifier-filters', async (host) => {
  const found: string[] = [];
  for (const name of await host.files.list(notifierFilters)) {
    const path = `${notifierFilters}/${name}`;
    const filters = ((await readText(host, path)) ?? '').split('\n').filter((line) => /^\s*FILTER\s*=/.test(line));
    if (name.endsWith('.conf') && filters.some((line) => line.includes('VDS_GROUP'))) found.push(path);
  }
  return found;
});

export const ignoreLostFilters = setting({
  key: 'OVESETUP_CONFIG/ignoreVdsgroupInNotifier',
  section: 'misc',
  kind: yesNo,
  about: 'Goes on although a filter of the notifier names events of VDS_GROUP, which are events of CLUSTER today.',
  ask: {
    name: 'OVESETUP_WAIT_NOTIFIER_FILTER',
    text: 'Do you want Setup to continue, with filters of the notifier that match nothing?',
    notes: (view) => [
      'Filters of the notifier name events of VDS_GROUP. Their names begin with CLUSTER today, so nobody would be told of them:',
      ...view.fact(lostFilters).map((path) => message`    ${path}`),
    ],
  },
  remember: false,
  when: (view) => engineHere(view) && view.fact(lostFilters).length > 0,
  initial: false,
  validate: (value) => (value ? undefined : { ends: 'Setup was asked to end until the filters of the notifier are mended' }),
});

export const engineStop = setting({
  key: 'OVESETUP_CORE/engineStop',
  formerly: ['OVESETUP_DIALOG/engineStop'],
  section: 'misc',
  kind: decision('OK', 'Cancel'),
  about: 'Agrees that a running engine is stopped where the work needs it; asked only then.',
  when: engineHere,
});

/** Whoever works with the engine is asked before it goes away. */
export const stop: Stop = {
  unit,
  title: 'Stopping engine service',
  consent: { name: 'OVESETUP_CORE_ENGINE_STOP', text: 'During execution engine service will be stopped', setting: engineStop },
};
