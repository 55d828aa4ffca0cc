import { type Setting, fact, readText, setting, text, yesNo } from '#kit';
import { minimumLength } from '../../src/setup/pki/password-limits.ts';
import { fqdn } from '../network/settings.ts';

export const unit = 'ovirt-engine';

export const paths = {
  configuration: '/etc/ovirt-engine/engine.conf',
  fragment: (name: string): string => `/etc/ovirt-engine/engine.conf.d/${name}`,
  adminPassword: '/var/lib/ovirt-engine/admin-password',
  log: '/var/log/ovirt-engine/engine.log',
  cache: '/var/cache/ovirt-engine/compile',
  healthSocket: '/run/ovirt-engine/engine.sock',
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

export const generateAdminPassword = setting({
  key: 'OVESETUP_CONFIG/generateAdminPassword',
  section: 'engine',
  kind: yesNo,
  about: `Makes up the password of the administrator and keeps it in ${paths.adminPassword}, readable by its owner only.`,
  when: (view) => !view.fact(installed),
  initial: false,
});

export const adminPassword: Setting<string> = setting({
  key: 'OVESETUP_CONFIG/adminPassword',
  section: 'engine',
  kind: text,
  about: 'Password of the administrator, admin@internal.',
  ask: { name: 'OVESETUP_CONFIG_ADMIN_SETUP', text: 'Engine admin password', confirm: 'Confirm engine admin password' },
  secret: true,
  when: (view) => !view.fact(installed),
  initial: (view, host) =>
    view.get(generateAdminPassword) ? (view.fact(knownSecrets).admin ?? host.crypto.random(15).toString('base64url')) : undefined,
  remember: (view) => view.given(adminPassword),
  async validate(value, view) {
    if (value.length < minimumLength) return `The password is shorter than ${minimumLength} characters`;
    // Dictionaries of passwords are large: they are read only when a password has to be judged.
    const { weakness } = await import('../../src/setup/pki/password-strength.ts');
    const flaw = weakness(value, ['admin', 'internal', 'ovirt', 'engine', ...view.get(fqdn).split('.')]);
    if (flaw === undefined) return undefined;
    return {
      id: 'OVESETUP_CONFIG_WEAK_ENGINE_PASSWORD',
      doubt: `The password is weak: ${flaw}`,
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
  initial: (view, host) => view.fact(knownSecrets).client ?? host.crypto.random(24).toString('base64url'),
  validate: (value) => (/^[\w-]{32,}$/.test(value) ? undefined : 'must be at least 32 letters, digits, hyphens or underscores'),
});
