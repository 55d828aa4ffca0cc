import { decision, setting, yesNo } from '#kit';
import { engineHere } from '../engine/settings.ts';

export const rootRedirectionDefault = setting({
  key: 'OVESETUP_APACHE/configureRootRedirectionDefault',
  section: 'apache',
  kind: yesNo,
  about: 'What Enter means for the question about the default page; distributors of the product set it.',
  remember: false,
  initial: true,
});

export const rootRedirection = setting({
  key: 'OVESETUP_APACHE/configureRootRedirection',
  section: 'apache',
  kind: yesNo,
  about: 'Whether the web server sends visitors of its root page to the engine.',
  ask: {
    name: 'OVESETUP_APACHE_CONFIG_ROOT_REDIRECTION',
    text: 'Do you wish to set the application as the default page of the web server?',
    notes: [
      'Setup can configure the default page of the web server to present the application home page. This may conflict with existing applications.',
    ],
  },
  preview: 'Set application as default page',
  keep: true,
  when: engineHere,
  initial: (view) => view.get(rootRedirectionDefault),
});

export const configureSsl = setting({
  key: 'OVESETUP_APACHE/configureSsl',
  section: 'apache',
  kind: decision('Automatic', 'Manual'),
  about: 'Automatic: the web server gets a certificate of the internal CA. Manual: its TLS settings stay as they are.',
  ask: {
    name: 'OVESETUP_APACHE_CONFIG_SSL',
    text: 'Do you wish Setup to configure that, or prefer to perform that manually?',
    notes: ['Setup can configure apache to use SSL using a certificate issued from the internal CA.'],
  },
  preview: 'Configure Apache SSL',
  keep: true,
  when: engineHere,
  initial: true,
});
