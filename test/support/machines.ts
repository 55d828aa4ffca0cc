import { type Machine, newMachine } from '../../src/setup/host/memory/index.ts';

/** Canned machines, for transcripts and rehearsals. Each is what one kind of user has. */
export const machines = {
  /** A machine as it should be: a name that DNS knows, enough memory, a firewall manager. */
  usual: () => newMachine(),
  /** The machine of the classic transcript: 2 GB of memory, a name that only the hosts file knows, firewalld installed. */
  seed: () =>
    newMachine({
      hostname: 'localhost.localdomain',
      names: new Map([['localhost.localdomain', ['127.0.0.1']]]),
      dns: new Map(),
      system: { memoryMiB: 1839, distribution: { id: 'debian', version: '12', title: 'Debian GNU/Linux 12 (bookworm)' } },
    }),
  /** No firewall manager at all. */
  'without-firewall': () => newMachine({ units: new Set(['apache2']) }),
  /** firewalld runs: it is taken without asking. */
  'active-firewall': () => newMachine({ running: new Map([['firewalld', '']]) }),
  /** Something between the minimum and what is recommended. */
  'modest-memory': () =>
    newMachine({ system: { memoryMiB: 8000, distribution: { id: 'debian', version: '12', title: 'Debian GNU/Linux 12 (bookworm)' } } }),
  /** A distribution that the program does not know, with the original product on it. */
  'foreign-host': () =>
    newMachine({
      system: { memoryMiB: 32_768, distribution: { id: 'rocky', version: '9.4', title: 'Rocky Linux 9.4 (Blue Onyx)' } },
      packages: new Map([['ovirt-engine-setup-base', '4.5.6-1.el9']]),
    }),
  /** A host of the family that the original product is made for. */
  'enterprise-linux': () => {
    const machine = newMachine({
      units: new Set(['firewalld', 'httpd', 'httpd-init', 'postgresql']),
      system: {
        memoryMiB: 32_768,
        distribution: { id: 'rocky', version: '9.4', title: 'Rocky Linux 9.4 (Blue Onyx)', like: ['rhel', 'centos', 'fedora'] },
      },
    });
    for (const path of ['/etc/pki', '/etc/pki/tls', '/etc/pki/tls/certs']) machine.disk.set(path, { kind: 'directory', mode: 0o755 });
    return machine;
  },
  /** Newer packages are offered; one of them cannot be taken back. */
  'with-updates': () =>
    newMachine({
      updates: [
        { name: 'ovirt-engine-dwh', from: '0.1.0', to: '0.2.0', reversible: true },
        { name: 'ovirt-engine-portal', from: '0.1.0', to: '0.2.0', reversible: false },
      ],
    }),
  /** There is a newer setup: it has to be updated before it may update anything else. */
  'old-setup': () => newMachine({ updates: [{ name: 'engine-setup', from: '0.1.0', to: '0.2.0', reversible: true }] }),
  /** A short host name that nothing knows. */
  'unknown-name': () => newMachine({ hostname: 'engine', names: new Map([['engine.example.net', ['192.0.2.10']]]) }),
} satisfies Readonly<Record<string, () => Machine>>;
