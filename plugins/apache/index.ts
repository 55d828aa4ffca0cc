import { posix } from 'node:path';
import { type Heading, type HostReader, type Message, type Problem, type Step, type Summary, type View, message, plugin } from '#kit';
import { absent, running, writeFile } from '#steps';
import { render } from '../../src/setup/render/render.ts';
import { engineHere, unit as engineUnit } from '../engine/settings.ts';
import { isWholeHost } from '../environment/settings.ts';
import { fqdn, httpsPort, ownName, takenPort } from '../network/settings.ts';
import { paths as pki, trusted, webAuthority } from '../pki/settings.ts';
import { websocketHere, websocketPort } from '../websocket/settings.ts';
import { configurationFlaw } from './configtest.ts';
import { enabled } from './enable.ts';
import { listening, presentBackendPort, presentRootRedirect } from './present.ts';
import {
  backendPort,
  configureSsl,
  enabledAs,
  httpPort,
  lostDirectives,
  paths,
  reconfigureSsl,
  rootRedirection,
  rootRedirectionDefault,
  unit,
  writesSite,
} from './settings.ts';
import { type Site, configuredByOthers, ownAddresses, siteInOurPlace, siteInOurShadow } from './sites-of-others.ts';

const heading = (id: string, title: Heading['title'], needs: readonly string[] = []): Heading => ({
  id: `apache/${id}`,
  chapter: 'apache',
  title,
  quiet: true,
  needs,
  notify: [unit],
});

const proxy = (view: View): Step =>
  writeFile(heading('proxy', 'Configuring the web server in front of the engine'), {
    path: paths.proxy,
    content: render('apache/z-ovirt-engine-proxy.conf', {
      fqdn: view.get(fqdn),
      backendPort,
      httpPort: view.get(httpPort),
      listens: !view.fact(listening).includes(view.get(httpPort)),
      httpsSuffix: view.get(httpsPort) === 443 ? '' : `:${view.get(httpsPort)}`,
      websocket: websocketHere(view) ? { port: view.get(websocketPort), authority: trusted(view) } : false,
    }),
  });

/** For a regular expression: the full name of the host, and its first label. */
const namesOf = (name: string): string => [...new Set([name, name.split('.')[0] ?? name])].join('|').replaceAll('.', '\\.');

function rootPage(view: View): readonly Step[] {
  if (view.get(rootRedirection)) {
    const content = render('apache/ovirt-engine-root-redirect.conf', { names: namesOf(view.get(fqdn)) });
    return [writeFile(heading('root-redirect', 'Making the engine the default page'), { path: paths.rootRedirect, content })];
  }
  if (!view.fact(presentRootRedirect)) return [];
  // The link goes first: without its file it would keep Apache from starting.
  const files = [enabledAs(paths.rootRedirect), paths.rootRedirect];
  return [absent(heading('root-page', 'Giving the default page back'), files)];
}

const site = (view: View): Step =>
  writeFile(heading('site', 'Configuring TLS of the web server', ['pki/apache']), {
    path: paths.site,
    content: render('apache/z-ovirt-engine-ssl.conf', {
      fqdn: view.get(fqdn),
      port: view.get(httpsPort),
      addresses: [`*:${view.get(httpsPort)}`, ...ownAddresses(view.fact(configuredByOthers).sites, view.get(httpsPort))].join(' '),
      listens: !view.fact(listening).includes(view.get(httpsPort)),
      certificate: pki.certificate('apache'),
      key: pki.key('apache'),
      imported: view.find(webAuthority) === 'imported',
    }),
  });

const restart = (): Step =>
  running(
    { id: 'apache/restart', chapter: 'apache.restart', title: 'Restarting httpd', needs: ['apache/enable'] },
    { unit, restarts: true, remedy: 'Look into /var/log/apache2/error.log' },
  );

const steps = (view: View): readonly Step[] => [
  proxy(view),
  ...rootPage(view),
  ...(writesSite(view) ? [site(view)] : []),
  enabled(heading('enable', 'Letting the web server read its new configuration', ['apache/proxy']), view),
  restart(),
];

/** Ports that somebody else holds. That of HTTPS is a finding of the engine, which has it where there is no web server. */
async function takenPorts(view: View, host: HostReader): Promise<readonly Problem[]> {
  const front = { id: 'http-port', port: view.get(httpPort), purpose: 'HTTP', key: httpPort.key };
  const back = { id: 'backend-port', port: backendPort, purpose: 'the engine behind the web server', key: '' };
  const held = await takenPort(host, back, { unit: engineUnit, port: view.fact(presentBackendPort) });
  const found = [await takenPort(host, front, { program: unit }), held && { ...held, remedy: 'End that program.' }];
  return found.filter((problem) => problem !== undefined);
}

/** A web server that could not be started now could not be later. What is wrong with files of ours is mended by the work itself. */
async function broken(host: HostReader): Promise<readonly Problem[]> {
  // One that is half installed has no configuration yet: its installation is taken up again.
  if ((await host.packages.version('apache2')) === undefined || !(await host.services.exists(unit))) return [];
  const flaw = await configurationFlaw(host);
  if (flaw === undefined || [paths.proxy, paths.rootRedirect, paths.site].some((path) => flaw.includes(enabledAs(path)))) return [];
  const problem: Problem = {
    id: 'apache-broken',
    level: 'error',
    message: message`Apache could not start with its present configuration: ${flaw}`,
    remedy: 'Mend it until apache2ctl configtest says: Syntax OK.',
  };
  return [problem];
}

const switchOff = ({ path }: Site): Message =>
  path.includes('/sites-enabled/')
    ? message`or switch it off: a2dissite ${posix.basename(path, '.conf')}`
    : message`or take it out of ${path}`;

/** Sites of others that would hide ours, or that ours would hide. */
function hiddenSites(view: View): readonly Problem[] {
  if (!writesSite(view)) return [];
  const all = view.fact(configuredByOthers);
  const [name, wantedPort] = [view.get(fqdn), view.get(httpsPort)];
  const found = siteInOurPlace(all, { name, port: wantedPort, hostName: view.fact(ownName) });
  const shadowed = view.fact(listening).includes(wantedPort) ? siteInOurShadow(all) : undefined;
  const problems: Problem[] = [];
  if (found !== undefined)
    problems.push({
      id: 'apache-site',
      level: 'error',
      message:
        found.names.length === 0
          ? message`The site in ${found.path} has no ServerName, so that it answers under the name of the server, ${name}, in place of the engine`
          : message`The site in ${found.path} answers under the name ${name}, in place of the engine`,
      remedy: message`Give it a ServerName of its own, ${switchOff(found)}`,
    });
  if (shadowed !== undefined)
    problems.push({
      id: 'apache-site',
      level: 'error',
      message: message`The site in ${shadowed.path} speaks TLS and names no port: Apache would show the engine in its place on port ${wantedPort}`,
      remedy: message`Write the port into its <VirtualHost>, as in *:${wantedPort}, ${switchOff(shadowed)}`,
    });
  return problems;
}

/** What an administrator who does TLS by hand puts where. */
const manual = (view: View): Summary => ({
  block: 'web-server',
  lines: [
    message`TLS of the web server is to be configured by hand: a site for ${view.get(fqdn)} on port ${view.get(httpsPort)} needs`,
    message`    ${'SSLEngine on'}`,
    message`    SSLCertificateFile ${pki.certificate('apache')}`,
    message`    SSLCertificateKeyFile ${pki.key('apache')}`,
    message`    ${'AllowEncodedSlashes NoDecode'}`,
    message`    or a certificate of your own. What is proxied stands in ${paths.proxy} and holds on every site.`,
  ],
});

export default plugin({
  name: 'apache',
  applies: isWholeHost,
  facts: [configuredByOthers, listening, lostDirectives, presentBackendPort, presentRootRedirect],
  settings: [httpPort, rootRedirectionDefault, rootRedirection, configureSsl, reconfigureSsl],
  preflight: async (view, host) =>
    engineHere(view) ? [...(await takenPorts(view, host)), ...(await broken(host)), ...hiddenSites(view)] : [],
  steps: (view) => (engineHere(view) ? steps(view) : []),
  summary: (view) => Promise.resolve(engineHere(view) && !writesSite(view) ? [manual(view)] : []),
});
