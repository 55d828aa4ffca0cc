import { type Heading, type HostReader, type Message, type Problem, type Step, type Summary, type View, message, plugin } from '#kit';
import { absent, running, writeFile } from '#steps';
import { render } from '../../src/setup/render/render.ts';
import { engineHere, unit as engineUnit } from '../engine/settings.ts';
import { isWholeHost } from '../environment/settings.ts';
import { imageioHere, imageioPort } from '../imageio/settings.ts';
import { fqdn, httpsPort, ownName, takenPort } from '../network/settings.ts';
import { paths as pki, trusted, webAuthority } from '../pki/settings.ts';
import { websocketHere, websocketPort } from '../websocket/settings.ts';
import { configurationFlaw } from './configtest.ts';
import { enabled } from './enable.ts';
import { listening, presentBackendPort, presentRootRedirect } from './present.ts';
import {
  backendPort,
  configureSsl,
  httpPort,
  lostDirectives,
  reconfigureSsl,
  rootRedirection,
  rootRedirectionDefault,
  webServer,
  writesSite,
} from './settings.ts';
import { type Site, configuredByOthers, ownAddresses, siteInOurPlace, siteInOurShadow } from './sites-of-others.ts';

const heading = (view: View, id: string, title: Heading['title'], needs: readonly string[] = []): Heading => ({
  id: `apache/${id}`,
  chapter: 'apache',
  title,
  quiet: true,
  needs,
  notify: [view.fact(webServer).unit],
});

const proxy = (view: View): Step =>
  writeFile(heading(view, 'proxy', 'Configuring the web server in front of the engine'), {
    path: view.fact(webServer).files.proxy,
    content: render('apache/z-ovirt-engine-proxy.conf', {
      fqdn: view.get(fqdn),
      backendPort,
      httpPort: view.get(httpPort),
      listens: !view.fact(listening).includes(view.get(httpPort)),
      httpsSuffix: view.get(httpsPort) === 443 ? '' : `:${view.get(httpsPort)}`,
      imageio: imageioHere(view) ? { port: view.get(imageioPort), authority: trusted(view) } : false,
      websocket: websocketHere(view) ? { port: view.get(websocketPort), authority: trusted(view) } : false,
    }),
  });

/** For a regular expression: the full name of the host, and its first label. */
const namesOf = (name: string): string => [...new Set([name, name.split('.')[0] ?? name])].join('|').replaceAll('.', '\\.');

function rootPage(view: View): readonly Step[] {
  const { files, enabledAs } = view.fact(webServer);
  if (view.get(rootRedirection)) {
    const content = render('apache/ovirt-engine-root-redirect.conf', { names: namesOf(view.get(fqdn)) });
    return [writeFile(heading(view, 'root-redirect', 'Making the engine the default page'), { path: files.rootRedirect, content })];
  }
  if (!view.fact(presentRootRedirect)) return [];
  // The link goes first: without its file it would keep Apache from starting.
  const paths = [...new Set([enabledAs(files.rootRedirect), files.rootRedirect])];
  return [absent(heading(view, 'root-page', 'Giving the default page back'), paths)];
}

function site(view: View): Step {
  const { files, siteIsLate, logs } = view.fact(webServer);
  return writeFile(heading(view, 'site', 'Configuring TLS of the web server', ['pki/apache']), {
    path: files.site,
    content: render('apache/z-ovirt-engine-ssl.conf', {
      fqdn: view.get(fqdn),
      port: view.get(httpsPort),
      addresses: [`*:${view.get(httpsPort)}`, ...ownAddresses(view.fact(configuredByOthers).sites, view.get(httpsPort))].join(' '),
      listens: !view.fact(listening).includes(view.get(httpsPort)),
      certificate: pki.certificate('apache'),
      key: pki.key('apache'),
      imported: view.find(webAuthority) === 'imported',
      late: siteIsLate,
      ...logs,
    }),
  });
}

function restart(view: View): Step {
  const { unit, errorLog } = view.fact(webServer);
  return running(
    { id: 'apache/restart', chapter: 'apache.restart', title: 'Restarting httpd', needs: ['apache/enable'] },
    { unit, restarts: true, remedy: message`Look into ${errorLog}` },
  );
}

const steps = (view: View): readonly Step[] => [
  proxy(view),
  ...rootPage(view),
  ...(writesSite(view) ? [site(view)] : []),
  enabled(heading(view, 'enable', 'Letting the web server read its new configuration', ['apache/proxy']), view),
  restart(view),
];

/** Ports that somebody else holds. That of HTTPS is a finding of the engine, which has it where there is no web server. */
async function takenPorts(view: View, host: HostReader): Promise<readonly Problem[]> {
  const front = { id: 'http-port', port: view.get(httpPort), purpose: 'HTTP', key: httpPort.key };
  const back = { id: 'backend-port', port: backendPort, purpose: 'the engine behind the web server', key: '' };
  const held = await takenPort(host, back, { unit: engineUnit, port: view.fact(presentBackendPort) });
  const found = [await takenPort(host, front, { program: view.fact(webServer).unit }), held && { ...held, remedy: 'End that program.' }];
  return found.filter((problem) => problem !== undefined);
}

/** A web server that could not be started now could not be later. What is wrong with files of ours is mended by the work itself. */
async function broken(view: View, host: HostReader): Promise<readonly Problem[]> {
  const layout = view.fact(webServer);
  const { unit, packages, files, enabledAs, first, test } = layout;
  // One that is half installed has no configuration yet: its installation is taken up again.
  if ((await host.packages.version(packages[0])) === undefined || !(await host.services.exists(unit))) return [];
  const flaw = await configurationFlaw(host, layout);
  const mended = [...Object.values(files).map(enabledAs), ...(first?.makes ?? [])];
  if (flaw === undefined || mended.some((path) => flaw.includes(path))) return [];
  const problem: Problem = {
    id: 'apache-broken',
    level: 'error',
    message: message`Apache could not start with its present configuration: ${flaw}`,
    remedy: message`Mend it until ${test.join(' ')} says: Syntax OK.`,
  };
  return [problem];
}

function switchOff(view: View, { path }: Site): Message {
  const command = view.fact(webServer).switchOff(path);
  return command === undefined ? message`or take it out of ${path}` : message`or switch it off: ${command}`;
}

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
      remedy: message`Give it a ServerName of its own, ${switchOff(view, found)}`,
    });
  if (shadowed !== undefined)
    problems.push({
      id: 'apache-site',
      level: 'error',
      message: message`The site in ${shadowed.path} speaks TLS and names no port: Apache would show the engine in its place on port ${wantedPort}`,
      remedy: message`Write the port into its <VirtualHost>, as in *:${wantedPort}, ${switchOff(view, shadowed)}`,
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
    message`    or a certificate of your own. What is proxied stands in ${view.fact(webServer).files.proxy} and holds on every site.`,
  ],
});

export default plugin({
  name: 'apache',
  applies: isWholeHost,
  facts: [webServer, configuredByOthers, listening, lostDirectives, presentBackendPort, presentRootRedirect],
  settings: [httpPort, rootRedirectionDefault, rootRedirection, configureSsl, reconfigureSsl],
  preflight: async (view, host) =>
    engineHere(view) ? [...(await takenPorts(view, host)), ...(await broken(view, host)), ...hiddenSites(view)] : [],
  steps: (view) => (engineHere(view) ? steps(view) : []),
  summary: (view) => Promise.resolve(engineHere(view) && !writesSite(view) ? [manual(view)] : []),
});
