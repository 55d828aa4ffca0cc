import { type Family, familyOf } from '../../kit/family.ts';
import type { System } from '../../kit/host.ts';

/* What machines in memory have of their distribution, as far as setup meets it. */

export interface Distribution {
  /** Its server of PostgreSQL. */
  readonly server: {
    readonly package: string;
    readonly unit: string;
    readonly configuration: string;
    readonly data: string;
    /** Whether its unit comes with the cluster, and is enabled then; otherwise it comes with the package. */
    readonly madeWithCluster: boolean;
  };
  /** How its package manager notes what is installed, and what another package has brought. */
  readonly packages: {
    readonly folder: string;
    readonly ending: string;
    readonly marks: string;
    /** What it is called, with what it is told. */
    readonly install: string;
    readonly remove: string;
    readonly mark: string;
    /** Files that come with some, by their names. */
    readonly files: Readonly<Record<string, Readonly<Record<string, string>>>>;
  };
  readonly web: {
    readonly unit: string;
    readonly home: string;
    /** What asks it about its configuration. */
    readonly control: string;
    /** Folders below its home, in the order in which it reads them. */
    readonly folders: readonly string[];
    /** Whether modules are loaded by links alone. */
    readonly linksModules: boolean;
  };
  /** The unit of the databases of OVN. */
  readonly ovn: string;
}

const debian: Distribution = {
  server: {
    package: 'postgresql-15',
    unit: 'postgresql@15-main',
    configuration: '/etc/postgresql/15/main',
    data: '/var/lib/postgresql/15/main',
    madeWithCluster: true,
  },
  packages: {
    folder: '/var/lib/dpkg/info',
    ending: '.list',
    marks: '/var/lib/apt/extended_states',
    install: 'apt-get install',
    remove: 'apt-get purge',
    mark: 'apt-mark',
    files: { 'libvirt-daemon-system': { '/etc/libvirt/qemu.conf': '# Master configuration file for the QEMU driver.\n' } },
  },
  web: {
    unit: 'apache2',
    home: '/etc/apache2',
    control: 'apache2ctl',
    folders: ['conf-enabled', 'sites-enabled'],
    linksModules: true,
  },
  ovn: 'ovn-central',
};

/** The certificate in `ssl.conf` is made when Apache is started for the first time. */
export const firstCertificate = '/etc/pki/tls/certs/localhost.crt';

const enterpriseLinux: Distribution = {
  server: {
    package: 'postgresql-server',
    unit: 'postgresql',
    configuration: '/var/lib/pgsql/data',
    data: '/var/lib/pgsql/data',
    madeWithCluster: false,
  },
  packages: {
    folder: '/var/lib/rpm',
    ending: '',
    marks: '/var/lib/dnf/history',
    install: 'dnf install',
    remove: 'dnf remove',
    mark: 'dnf mark',
    files: {
      httpd: { '/etc/httpd/conf/httpd.conf': 'Listen 80\nInclude conf.modules.d/*.conf\nIncludeOptional conf.d/*.conf\n' },
      mod_ssl: {
        '/etc/httpd/conf.d/ssl.conf': `Listen 443 https\n<VirtualHost _default_:443>\nSSLEngine on\nSSLCertificateFile ${firstCertificate}\n</VirtualHost>\n`,
      },
    },
  },
  web: { unit: 'httpd', home: '/etc/httpd', control: 'apachectl', folders: ['conf.d'], linksModules: false },
  ovn: 'ovn-northd',
};

const distributions: Readonly<Record<Family, Distribution>> = { debian, 'enterprise-linux': enterpriseLinux };

/** The distribution of a machine. */
export const distributionOf = ({ system }: { readonly system: System }): Distribution => distributions[familyOf(system.distribution)];
