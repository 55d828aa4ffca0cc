import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { file, textOf } from '#kit';
import { type Machine, copyOf, newMachine } from '../../src/setup/host/memory/index.ts';
import { newestVersion } from '../../src/setup/render/shipped.ts';
import { changeCluster, clusterOf } from '../support/debian-cluster.ts';
import { hostName } from '../support/host-image.ts';
import { conf, install } from '../support/installation.ts';
import { type Installed, installedBy, ownIn } from '../support/installed.ts';
import { installationAnswers } from '../support/whole-host-answers.ts';

/* Every version that is out has left its state on hosts of others: this one has to take it for its own. */

const versions = readdirSync(fileURLToPath(new URL('../fixtures', import.meta.url))).flatMap(
  (name) => /^installed-(.+)\.yaml$/.exec(name)?.[1] ?? [],
);

const schemas = { engine: 'src/services/engine/schema/engine', history: 'src/services/dwh/schema' };

/** Where the engine puts tickets of images, which versions without disks do not say. */
const imageTickets = '/etc/ovirt-engine/engine.conf.d/10-setup-protocols.conf';
/** They name the folder of the program. */
const units = ['ovirt-engine-dwhd', 'ovirt-engine-notifier', 'ovirt-engine', 'ovirt-fence-kdump-listener', 'ovirt-websocket-proxy'];
/** What this version has to change in /etc on a host of another one. */
const changes: Readonly<Record<string, readonly string[]>> = {
  '0.1.0': [
    ...units.map((name) => `/etc/systemd/system/${name}.service`),
    imageTickets,
    // The Image I/O proxy and the VM console proxy, which that version did not have.
    '/etc/apache2/conf-available/z-ovirt-engine-proxy.conf',
    '/etc/apache2/sites-available/z-ovirt-engine-ssl.conf',
    '/etc/ovirt-engine-setup.conf.d/20-setup-ovirt-post.conf',
    '/etc/ovirt-engine/iptables.example',
    '/etc/sysusers.d/ovirt-engine.conf',
  ],
  '0.2.0': [
    ...units.map((name) => `/etc/systemd/system/${name}.service`),
    imageTickets,
    ...['ovirt-imageio', 'ovirt-provider-ovn', 'ovirt-vmconsole-proxy-sshd'].map((name) => `/etc/systemd/system/${name}.service`),
    // The authority at /ca.crt.
    '/etc/apache2/conf-available/z-ovirt-engine-proxy.conf',
    // They name the folder of the program, and its version.
    '/etc/ovirt-vmconsole/ovirt-vmconsole-proxy/sshd_config',
    '/etc/ovirt-engine-setup.conf.d/20-setup-ovirt-post.conf',
  ],
};
/** The provider of networks was chosen on hosts of these, which did not have it. */
const withoutOvn = ['0.1.0'];

const answers = [{ path: 'answers.conf', text: installationAnswers, kept: false }];

/** A machine as a version has left it: its own databases, keys and secrets, and the files of that version around them. */
async function machineOf({ version, files, schemas }: Installed): Promise<Machine> {
  const address = ['192.0.2.10'];
  const machine = newMachine({ hostname: hostName, names: new Map([[hostName, address]]), dns: new Map([[hostName, address]]) });
  const less = withoutOvn.includes(version) ? [conf({ 'OVESETUP_OVN/ovirtProviderOvn': 'bool:False' })] : [];
  const { outcome, screen } = await install({ machine, files: [...answers, ...less] });
  expect(outcome.failure, screen).toBeUndefined();
  for (const [path, { kind, mode, owner, target, content }] of Object.entries(files)) {
    if (kind === 'link' && target !== undefined) machine.disk.set(path, { kind, target });
    if (content === undefined) continue;
    let text = content;
    for (const [placeholder, value] of ownIn(textOf(machine.disk.get(path)))) text = text.replaceAll(placeholder, value);
    machine.disk.set(path, file(text, Number.parseInt(mode, 8), ...owner.split(':')));
  }
  changeCluster(machine, ({ databases }) => {
    Object.assign(databases['engine']?.schemas ?? {}, { public: { version: schemas.engine }, aaa_jdbc: { version: schemas.directory } });
    Object.assign(databases['ovirt_engine_history']?.schemas ?? {}, { public: { version: schemas.history } });
  });
  return machine;
}

test.each(versions)('what %s has installed is taken for its own, and only what has to change is changed', async (version) => {
  const installed = installedBy(version);
  const machine = await machineOf(installed);
  const before = copyOf(machine);
  const { outcome, screen } = await install({ machine, files: [], more: { yes: true } });
  expect(outcome.failure, screen).toBeUndefined();
  const paths = [...new Set([...Object.keys(installed.files), ...machine.disk.keys()])].filter((path) => path.startsWith('/etc/'));
  const changed = paths.filter((path) => JSON.stringify(before.disk.get(path)) !== JSON.stringify(machine.disk.get(path)));
  // Names and passwords of databases, keys and answers among what stays.
  expect(changed.sort()).toEqual([...(changes[version] ?? [])].sort());
  // Schemas come to this version, and all else in the databases stays.
  changeCluster(before, ({ databases }) => {
    Object.assign(databases['engine']?.schemas ?? {}, { public: { version: newestVersion(schemas.engine) } });
    Object.assign(databases['ovirt_engine_history']?.schemas ?? {}, { public: { version: newestVersion(schemas.history) } });
  });
  expect(clusterOf(machine)).toEqual(clusterOf(before));
  expect([...machine.running.keys()].sort()).toEqual([...before.running.keys()].sort());
  expect(screen.includes('[WARNING] ovirt-provider-ovn was chosen with an earlier version, which did not install it.')).toBe(
    withoutOvn.includes(version),
  );
});
