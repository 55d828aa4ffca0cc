import { type View, decision, fact, message, port, readText, setting, yesNo } from '#kit';
import { engineHere, postInstall } from '../engine/settings.ts';
import { isWholeHost } from '../environment/settings.ts';
import { paths as pki } from '../pki/settings.ts';
import { layoutOf } from './layouts.ts';

/** How this host lays out its web server. */
export const webServer = fact('web-server', async (host) => layoutOf((await host.system()).distribution));

/**
 * Port on loopback where the engine waits for the web server, which alone speaks to others. The web server hands over passwords there, so
 * that nobody else may listen while the engine is stopped: below 1024 that takes root, or CAP_NET_BIND_SERVICE, which the engine's unit has.
 */
export const backendPort = 702;

/** Whether Apache stands in front of the engine: on a host of its own it always does. */
export const apacheHere = (view: View): boolean => isWholeHost(view) && engineHere(view);

export const httpPort = setting({
  key: 'OVESETUP_CONFIG/httpPort',
  section: 'network',
  kind: port,
  about: 'Port on which the web server answers without TLS; visitors of the engine are sent on to HTTPS from there.',
  keep: true,
  when: engineHere,
  initial: 80,
});

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

/** What Apache needs to show our certificate. */
const directives: Readonly<Record<string, string>> = {
  SSLCertificateFile: pki.certificate('apache'),
  SSLCertificateKeyFile: pki.key('apache'),
};

/** Lines that are missing from TLS settings which an earlier run has made; nothing where it has made none. */
export const lostDirectives = fact('apache-lost-directives', async (host) => {
  const kept = (await readText(host, postInstall)) ?? '';
  const site = await readText(host, (await webServer.probe(host)).files.site);
  if (!kept.includes(`${configureSsl.key}=bool:True`) || site === undefined) return [];
  const lines = site.split('\n').map((line) => line.trim().split(/\s+/));
  return Object.entries(directives)
    .filter(([name, value]) => !lines.some(([word, first]) => word === name && first?.replaceAll('"', '') === value))
    .map((pair) => pair.join(' '));
});

export const reconfigureSsl = setting({
  key: 'OVESETUP_APACHE/reconfigureSsl',
  section: 'apache',
  kind: decision('Automatic', 'Manual'),
  about: 'Automatic: TLS settings of the web server that an earlier run has made, and somebody has changed, are made again.',
  ask: {
    name: 'OVESETUP_APACHE_RECONFIG_SSL',
    text: 'Do you wish Setup to configure that again, or prefer to perform that manually?',
    notes: (view) => [
      message`Apache SSL was configured by an earlier run. ${view.fact(webServer).files.site} lacks now:`,
      ...view.fact(lostDirectives).map((line) => message`    ${line}`),
    ],
  },
  remember: false,
  when: (view) => view.find(configureSsl) === true && view.fact(lostDirectives).length > 0,
  initial: true,
});

/** Whether the TLS settings of the web server are ours to write, in this run. */
export const writesSite = (view: View): boolean => view.find(configureSsl) === true && view.find(reconfigureSsl) !== false;
