import { posix } from 'node:path';
import { type Family, type System, familyOf } from '#kit';

/*
 * How distributions lay out Apache: as data, so that everything else reads the same for each of them.
 */

export interface Layout {
  /** Also what its processes are called. */
  readonly unit: string;
  /** The package of the server, then those of modules that come in packages of their own. */
  readonly packages: readonly [string, ...string[]];
  /** Files of ours. */
  readonly files: {
    readonly proxy: string;
    readonly rootRedirect: string;
    readonly site: string;
  };
  /** Where Apache reads one of them: itself, or by a link to it. */
  enabledAs(path: string): string;
  /** Whether our site is read after those that come with Apache; before them otherwise. */
  readonly siteIsLate: boolean;
  /** Where modules wait to be enabled by a link; undefined: all that are installed are loaded. */
  readonly modules?: string;
  /** What Apache reads, in its order: files, and then folders of them. */
  readonly reads: { readonly files: readonly string[]; readonly folders: readonly string[] };
  /** Ports that its packages make it listen on, by the file that says so. */
  readonly listens: Readonly<Record<string, readonly number[]>>;
  /** What its first start makes, by a unit of its own: before that its configuration is not whole. */
  readonly first?: { readonly unit: string; readonly makes: readonly string[] };
  /** Asks it whether it could start with its configuration. */
  readonly test: readonly [string, ...string[]];
  /** Switches a site of somebody else off; undefined where no program does that. */
  switchOff(path: string): string | undefined;
  /** Its logs, as its configuration names them. */
  readonly logs: { readonly errors: string; readonly visits: string };
  /** Where it says why it does not start. */
  readonly errorLog: string;
}

const debianHome = '/etc/apache2';

/** Files wait in folders of what is available, and links enable them (a2ensite(8)). */
const debian: Layout = {
  unit: 'apache2',
  packages: ['apache2'],
  // The `z-` makes Apache read them late: what it has read first goes before, as the default site does.
  files: {
    proxy: `${debianHome}/conf-available/z-ovirt-engine-proxy.conf`,
    rootRedirect: `${debianHome}/conf-available/ovirt-engine-root-redirect.conf`,
    site: `${debianHome}/sites-available/z-ovirt-engine-ssl.conf`,
  },
  enabledAs: (path) => path.replace('-available/', '-enabled/'),
  siteIsLate: true,
  modules: `${debianHome}/mods-available`,
  reads: {
    files: [`${debianHome}/apache2.conf`, `${debianHome}/ports.conf`],
    folders: ['mods-enabled', 'conf-enabled', 'sites-enabled'].map((name) => `${debianHome}/${name}`),
  },
  listens: { [`${debianHome}/ports.conf`]: [80, 443] },
  test: ['apache2ctl', 'configtest'],
  switchOff: (path) => (path.includes('/sites-enabled/') ? `a2dissite ${posix.basename(path, '.conf')}` : undefined),
  logs: { errors: '${APACHE_LOG_DIR}/error.log', visits: '${APACHE_LOG_DIR}/access.log' },
  errorLog: '/var/log/apache2/error.log',
};

const httpdHome = '/etc/httpd';

/** That of EL 9: one folder, whose files are read by their names; modules are loaded by files that come with their packages. */
const enterpriseLinux: Layout = {
  unit: 'httpd',
  packages: ['httpd', 'mod_ssl'],
  files: {
    proxy: `${httpdHome}/conf.d/z-ovirt-engine-proxy.conf`,
    rootRedirect: `${httpdHome}/conf.d/ovirt-engine-root-redirect.conf`,
    // Before ssl.conf of mod_ssl: the site in it says no name, so that it answers under that of the host. Names that no site has lead to
    // ours then, as with the original, which edits that site.
    site: `${httpdHome}/conf.d/ovirt-engine-ssl.conf`,
  },
  enabledAs: (path) => path,
  siteIsLate: false,
  reads: { files: [`${httpdHome}/conf/httpd.conf`], folders: [`${httpdHome}/conf.modules.d`, `${httpdHome}/conf.d`] },
  listens: { [`${httpdHome}/conf/httpd.conf`]: [80], [`${httpdHome}/conf.d/ssl.conf`]: [443] },
  first: { unit: 'httpd-init', makes: ['/etc/pki/tls/certs/localhost.crt', '/etc/pki/tls/private/localhost.key'] },
  test: ['apachectl', 'configtest'],
  switchOff: () => undefined,
  // A link in its folder leads to /var/log/httpd.
  logs: { errors: 'logs/error_log', visits: 'logs/access_log' },
  errorLog: '/var/log/httpd/error_log',
};

const layouts: Readonly<Record<Family, Layout>> = { debian, 'enterprise-linux': enterpriseLinux };

/** The layout of a distribution. */
export const layoutOf = (distribution: System['distribution']): Layout => layouts[familyOf(distribution)];
