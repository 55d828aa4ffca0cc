import { describe, expect, test } from 'vitest';
import { type Command, type Host, SetupError, type Step, file, inEnglish, textOf } from '#kit';
import apache from '../../../../plugins/apache/index.ts';
import { listening } from '../../../../plugins/apache/present.ts';
import { localRecipe } from '../../../../plugins/database/by-hand.ts';
import { hostCluster } from '../../../../plugins/database/host-cluster.ts';
import { create } from '../../../../plugins/database/host-create.ts';
import { instructionsFor } from '../../../../plugins/firewall/others.ts';
import { findUnfinished } from '../../../../src/setup/core/journal.ts';
import { firstCertificate } from '../../../../src/setup/host/memory/distributions.ts';
import { type Machine, afterPowerCut, memoryHost } from '../../../../src/setup/host/memory/index.ts';
import { debianNames, outlookOn, unrefused, withoutKeys } from '../../../support/enterprise-linux.ts';
import { english } from '../../../support/fakes.ts';
import { diskOf, install } from '../../../support/installation.ts';
import { machines } from '../../../support/machines.ts';

/*
 * What would be done on a host of EL, which the program refuses: paths, units and packages as its layouts have them. The machine in memory
 * knows of EL what setup meets there, and no more.
 */

const machineOf = (more: Readonly<Record<string, string>> = {}): Machine => {
  const machine = machines['enterprise-linux']();
  for (const [path, text] of Object.entries(more)) machine.disk.set(path, file(text, 0o644));
  return machine;
};
const installed = async (machine = machineOf(), more: Readonly<Record<string, string>> = {}) => {
  const result = await install(unrefused(machine, more));
  expect(result.outcome.failure, result.screen).toBeUndefined();
  return { ...result, machine };
};
const withHttpd = (machine: Machine, ...more: readonly string[]): Machine => ({
  ...machine,
  packages: new Map(['httpd', ...more].map((name) => [name, '2.4.62'])),
});
const findingsOn = async (machine: Machine) => {
  const { answers } = await outlookOn(machine);
  return (await apache.preflight?.(answers, memoryHost(machine))) ?? [];
};

describe('an installation on EL', () => {
  test('is refused', async () => {
    const { machine, files } = unrefused();
    const { screen, outcome } = await install({ machine, files });
    expect(outcome.failure).toBeDefined();
    expect(screen).toContain('Rocky Linux 9.4 (Blue Onyx) is not supported; this version knows Debian 12');
  });

  test('would use its packages and units, and nothing that has a name of Debian', async () => {
    const { machine, screen, log, host } = await installed();
    const ofSystem = /^(?:dnf|start|enable|env PGSETUP).*(?:dnf|httpd|postgresql)/;
    expect(host.effects.filter((effect) => ofSystem.test(effect))).toEqual([
      'dnf install postgresql-server httpd mod_ssl openssh-server openssh-clients ovn-central logrotate',
      'env PGSETUP_INITDB_OPTIONS=--locale=C.UTF-8 --encoding=UTF8 postgresql-setup --initdb',
      'enable postgresql',
      'start postgresql',
      // Before that the certificate which ssl.conf names is missing, and Apache refuses its configuration.
      'start httpd-init',
      'enable httpd',
      'start httpd',
    ]);
    const texts = [screen, log, host.effects.join('\n'), ...Object.entries(diskOf(machine)).map((entry) => entry.join('\n'))];
    expect(texts.filter((text) => debianNames.test(withoutKeys(text)))).toEqual([]);
    const webServer = [...machine.disk].filter(([path, { kind }]) => path.startsWith('/etc/httpd/') && kind !== 'directory');
    expect(webServer.map(([path]) => path)).toEqual([
      '/etc/httpd/conf/httpd.conf',
      '/etc/httpd/conf.d/ssl.conf',
      '/etc/httpd/conf.d/z-ovirt-engine-proxy.conf',
      '/etc/httpd/conf.d/ovirt-engine-root-redirect.conf',
      '/etc/httpd/conf.d/ovirt-engine-ssl.conf',
    ]);
  });

  test('would do nothing the second time', async () => {
    const { machine } = await installed();
    const { host } = await installed(machine);
    expect(host.effects.filter((effect) => !effect.includes('/setup/answers/'))).toEqual([]);
  });

  test('would have the old state back when it fails, wherever that is', async () => {
    const { host } = await installed();
    const before = diskOf(machineOf());
    const ends = host.effects.findIndex((effect) => effect === 'enable ovirt-engine');
    expect(ends).toBeGreaterThan(100);
    for (let at = 3; at <= ends; at += 7) {
      const machine = machineOf();
      const { outcome, screen } = await install({ ...unrefused(machine), accidents: [{ at, how: 'fail' }] });
      expect(outcome.failure).toBeDefined();
      expect(outcome.leftOver, screen).toEqual([]);
      // What the first start of Apache has made is not ours.
      const { [firstCertificate]: _made, ...after } = diskOf(machine);
      expect(after, `after failing at effect ${at}, ${host.effects[at - 1]}`).toEqual(before);
      expect([...machine.running.keys()]).toEqual([]);
    }
  });

  test('would be taken up where the power was cut', async () => {
    const { machine: wanted, host } = await installed();
    const cuts = ['env PGSETUP', 'write /var/lib/pgsql/data/postgresql.conf', 'start httpd-init', 'start httpd'];
    for (const words of cuts) {
      const at = 1 + host.effects.findIndex((effect) => effect.startsWith(words));
      expect(at).toBeGreaterThan(0);
      const machine = machineOf();
      await install({ ...unrefused(machine), accidents: [{ at, how: 'cut-after' }] });
      const { machine: end } = await installed(afterPowerCut(machine));
      expect(diskOf(end), words).toEqual(diskOf(wanted));
      expect(await findUnfinished(memoryHost(end))).toBeUndefined();
    }
  });
});

describe('Apache on EL', () => {
  const [main, ssl] = ['/etc/httpd/conf/httpd.conf', '/etc/httpd/conf.d/ssl.conf'] as const;
  const site = '/etc/httpd/conf.d/ovirt-engine-ssl.conf';
  const shipped = 'Listen 443 https\n<VirtualHost _default_:443>\nSSLEngine on\n</VirtualHost>\n';

  test.each([
    ['none of its packages', {}, [80, 443]],
    ['httpd alone, since mod_ssl is still to come', { [main]: 'Listen 80\n' }, [443, 80]],
    ['both', { [main]: 'Listen 80\n', [ssl]: shipped }, [80, 443]],
    ['a ssl.conf that somebody has emptied', { [main]: 'Listen 8080\n', [ssl]: '' }, [8080]],
  ])('listens by itself, with %s', async (_, files, ports) => {
    expect(await listening.probe(memoryHost(machineOf(files)))).toEqual(ports);
  });

  test('is told to listen where nobody else does that', async () => {
    const { machine } = await installed(machineOf({ [main]: 'Listen 80\n', [ssl]: '#\n' }), {
      'OVESETUP_CONFIG/publicHttpsPort': 'int:8443',
    });
    expect(textOf(machine.disk.get(site))).toMatch(/^Listen 8443\n<VirtualHost \*:8443>$/m);
  });

  test('shows the engine before the site of ssl.conf, which has no name, and is refused one that is read before', async () => {
    expect(await findingsOn(machineOf({ [main]: '', [ssl]: shipped }))).toEqual([]);
    const earlier = '/etc/httpd/conf.d/intranet.conf';
    expect(english(await findingsOn(machineOf({ [main]: '', [earlier]: shipped })))).toMatchObject([
      { id: 'apache-site', remedy: `Give it a ServerName of its own, or take it out of ${earlier}` },
    ]);
  });

  test('that could not start is found, but for what its own first start makes', async () => {
    const certificate = 'SSLCertificateFile /etc/pki/tls/certs/localhost.crt\n';
    expect(await findingsOn(withHttpd(machineOf({ [ssl]: certificate }), 'mod_ssl'))).toEqual([]);
    const other = certificate.replace('localhost', 'other');
    expect(english(await findingsOn(withHttpd(machineOf({ [ssl]: other }), 'mod_ssl')))).toMatchObject([
      { id: 'apache-broken', remedy: 'Mend it until apachectl configtest says: Syntax OK.' },
    ]);
  });

  test('that refuses its configuration for another reason is not started for the first time', async () => {
    const broken = 'SSLCertificateFile /etc/gone.cer\n';
    const machine = machineOf({ '/etc/httpd/conf.d/intranet.conf': broken });
    const { screen, host, outcome } = await install(unrefused(machine));
    expect(outcome.failure).toBeDefined();
    expect(screen).toContain("SSLCertificateFile: file '/etc/gone.cer' does not exist or is empty");
    expect(host.effects.filter((effect) => effect.startsWith('start httpd'))).toEqual([]);
  });

  test('gives its root page back', async () => {
    const { machine } = await installed();
    const path = '/etc/httpd/conf.d/ovirt-engine-root-redirect.conf';
    expect(machine.disk.has(path)).toBe(true);
    const { host } = await installed(machine, { 'OVESETUP_APACHE/configureRootRedirection': 'bool:False' });
    expect(machine.disk.has(path)).toBe(false);
    expect(host.effects.filter((effect) => effect === `remove ${path}`)).toHaveLength(1);
    expect(host.effects).toContain('restart httpd');
  });
});

describe('what people are told on EL', () => {
  test('to make a database by hand there', async () => {
    const { answers } = await outlookOn(machineOf());
    const lines = localRecipe(answers, 'Engine', 'engine').map((line) => inEnglish(line).trim());
    expect(lines.slice(2, 5)).toEqual([
      'sudo dnf install postgresql-server',
      'sudo postgresql-setup --initdb',
      'sudo systemctl enable --now postgresql',
    ]);
    expect(lines).toContain('sudo systemctl restart postgresql');
  });

  test('to keep rules of nftables', async () => {
    const lines = await instructionsFor(['nftables'], [], memoryHost(machineOf()));
    expect(lines.map(inEnglish).join('\n')).toContain('/etc/sysconfig/nftables.conf');
  });

  test('to update setup itself', async () => {
    const updates = [{ name: 'engine-setup', from: '1', to: '2', reversible: true }];
    const refusal: unknown = await outlookOn({ ...machineOf(), updates }, { 'OSETUP_RPMDISTRO/enableUpgrade': true }).catch(
      (error: unknown) => error,
    );
    expect(JSON.stringify(english(refusal instanceof SetupError ? refusal.problems : []))).toContain('dnf upgrade engine-setup');
  });

  test('to get at packages', async () => {
    const { findings } = await outlookOn({ ...machineOf(), unreachableSources: true });
    expect(english(findings)).toContainEqual(
      expect.objectContaining({
        id: 'packages-missing',
        message: expect.stringContaining('postgresql-server httpd mod_ssl'),
        remedy: expect.stringContaining('(dnf makecache shows whether it has one)'),
      }),
    );
  });
});

test('the cluster of EL would be lost again by hand, for no tool takes it away', async () => {
  const host = memoryHost(machineOf());
  const cluster = await hostCluster.probe(host);
  if (cluster === undefined) throw new Error('no layout');
  const said: string[] = [];
  const noting: Host = {
    ...host,
    run: ({ argv }: Command) => (said.push(argv.join(' ')), Promise.resolve({ code: 0, stdout: '', stderr: '' })),
    services: { ...host.services, stop: (unit) => (said.push(`stop ${unit}`), Promise.resolve()) },
    files: { ...host.files, remove: (path) => (said.push(`remove ${path}`), Promise.resolve()) },
  };
  const step: Step = create(cluster);
  if (typeof step.undo === 'object' && 'run' in step.undo) await step.undo.run(noting, null);
  expect([...new Set(said)]).toEqual([
    'remove /var/lib/pgsql/data/conf.d/ovirt-engine.conf',
    'stop postgresql',
    'remove /var/lib/pgsql/data',
    'remove /var/lib/ovirt-engine/setup/cluster-begun',
  ]);
});
