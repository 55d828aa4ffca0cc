import { randomUUID } from 'node:crypto';
import { isFingerprint, isHostAddress } from '../../hosts/host-address.ts';
import { type HostStatus, statusNumber } from '../../hosts/host-status.ts';
import { Refusal } from '../../http/refusal.ts';
import { incomplete, invalidValue, rejected, unsupported } from '../fault.ts';
import { insertSql } from '../insert.ts';
import type { Values } from '../search/values.ts';
import { givenOf } from '../store.ts';
import type { Entity } from '../types.ts';
import { objectIn, type Occasion, type SpecialChange, textOf, type Work } from './collection.ts';
import { hostFields } from './host-fields.ts';
import { needPermitOn } from './permit-on.ts';
import { permits } from './permits.ts';
import { moving, notNow, subjectOf } from './special-hosts.ts';
import { needEmpty } from './uses-of-hosts.ts';

/* Machines that become hosts. */

const agentPort = 54_321;

interface Credential {
  /** Sealed until it is used; where there is none, the engine logs in with its key. */
  readonly password?: string;
}

/** How the engine logs in. Throws faults (400). */
function credentialOf({ entity, secrets }: Occasion, method: string): Credential {
  const ssh = objectIn(entity, 'ssh');
  const way = textOf(ssh, 'authentication_method') || 'password';
  if (way !== 'password' && way !== 'publickey') throw invalidValue('ssh.authentication_method', ['password', 'publickey']);
  if (way === 'publickey') return {};
  const password = textOf(entity, 'root_password') || textOf(objectIn(ssh, 'user'), 'password');
  if (password === '') throw incomplete('host', ['root_password|ssh.authentication_method'], method);
  if (password.length > 1_000 || /[\0\r\n]/.test(password)) throw rejected('A password has one line of 1000 characters at most.');
  return { password: secrets.seal(password) };
}

/** A name or an IP address of a machine, as it can stand in a certificate. */
function addressOf(entity: Entity): string {
  const address = textOf(entity, 'address').trim();
  if (!isHostAddress(address)) throw rejected('address must be a host name or an IP address.');
  return address;
}

/** The key of an ssh server, by the digest that tools show. */
function fingerprintOf(entity: Entity): string | null {
  const fingerprint = textOf(objectIn(entity, 'ssh'), 'fingerprint');
  if (fingerprint === '') return null;
  if (!isFingerprint(fingerprint)) throw rejected('ssh.fingerprint must be of the form SHA256:..., as ssh-keygen -l shows it.');
  return fingerprint;
}

async function clusterOf({ entity, members, asker }: Occasion): Promise<string> {
  return members.resolve(
    'clusters',
    Object.keys(objectIn(entity, 'cluster')).length === 0 ? { name: 'Default' } : objectIn(entity, 'cluster'),
    asker,
  );
}

/** Throws a refusal (409) where another host has the address or the key; one that somebody has approved is named first. */
async function needNoTwin({ database }: Occasion, address: string, fingerprint: string | null): Promise<void> {
  const [twin] = await database.query<{ name: string; same: boolean; pending: boolean }>(
    `select vds_name as name, lower(host_name) = lower($1) as same, status = ${statusNumber('pending_approval')} as pending
     from vds_static join vds_dynamic using (vds_id) where lower(host_name) = lower($1) or sshkeyfingerprint = $2 order by pending limit 1`,
    [address, fingerprint],
  );
  if (twin === undefined) return;
  const what = `${twin.name} has the same ${twin.same ? 'address' : 'SSH fingerprint'}`;
  throw new Refusal(409, `Cannot add the host: ${what}${twin.pending ? ', and waits for approval: approve it, or remove it first' : ''}.`);
}

/** What may be asked for beside an installation, and why it is not done. */
const furtherWishes = {
  reboot: 'hosts are not rebooted when they are installed',
  deploy_hosted_engine: 'the engine does not run on its own hosts',
  undeploy_hosted_engine: 'the engine does not run on its own hosts',
} as const;

/** Throws a refusal (409) for what a client wants beside an installation. */
function needNoMore({ entity, asks }: Occasion): void {
  for (const [name, why] of Object.entries(furtherWishes)) if (entity[name] === true || asks(name)) throw unsupported(name, why);
  if (textOf(entity, 'image') !== '') throw unsupported('image', 'hosts are not installed from images');
}

/** Adds a host, and begins to install it. */
export const addHost: SpecialChange = {
  permit: permits.create_host,
  async work(occasion): Promise<Omit<Work, 'permit'>> {
    const { entity, asks, members, asker } = occasion;
    needNoMore(occasion);
    const missing = ['name', 'address'].filter((attribute) => textOf(entity, attribute).trim() === '');
    if (missing.length > 0) throw incomplete('host', missing, 'add');
    const name = textOf(entity, 'name');
    if ((entity['port'] ?? agentPort) !== agentPort) throw unsupported('Another port', `agents listen on ${agentPort}`);
    const { address: _address, port: _port, cluster: _cluster, ...ownFields } = hostFields;
    const given = await givenOf(ownFields, entity, members, asker);
    const [address, fingerprint, credential] = [addressOf(entity), fingerprintOf(entity), credentialOf(occasion, 'add')];
    const cluster = await clusterOf(occasion);
    await needNoTwin(occasion, address, fingerprint);
    const id = randomUUID();
    const columns = {
      ...Object.fromEntries(given.map(({ field, value }) => [field.column, value])),
      ...{ vds_id: id, host_name: address, cluster_id: cluster, sshkeyfingerprint: fingerprint },
    };
    return {
      ...{ object: cluster, host: id, name },
      event: { code: 42, name: 'USER_ADD_VDS', text: 'Host ${name} was added by ${user}.', failed: 58 },
      statement: (values) => [
        ['added', `${insertSql(values, 'vds_static', columns)} returning vds_id, vds_name`],
        ['dynamic', `insert into vds_dynamic (vds_id, status) select vds_id, ${statusNumber('installing')} from added`],
        ['statistics', 'insert into vds_statistics (vds_id) select vds_id from added'],
        ['done', 'select vds_id::text as id, vds_name::text as name from added'],
      ],
      begins: { type: 'InstallHost', parameters: { host: id, name, ...credential, activate: asks('activate', true) }, locks: [id] },
    };
  },
};

const installing = (
  method: 'install' | 'approve',
  from: readonly HostStatus[],
  event: Work['event'],
  /** What else has to be so, and what else is written. Throws refusals. */
  further: (
    occasion: Occasion,
    credential: Credential,
  ) => Promise<(values: Values) => readonly (readonly [name: string, sql: string])[]> = async () => () => [],
): SpecialChange => ({
  permit: permits.edit_host_configuration,
  async work(occasion) {
    const { id, entity, asks } = occasion;
    const subject = await subjectOf(occasion);
    if (!from.includes(subject.status)) throw notNow(subject, method, from);
    await needEmpty(occasion, subject, method);
    needNoMore(occasion);
    const credential = credentialOf(occasion, method);
    const parameters = { host: id, name: subject.name, ...credential, activate: entity['activate'] !== false && asks('activate', true) };
    const more = await further(occasion, credential);
    return {
      ...{ object: id, host: id, name: subject.name, event },
      statement: (values) => [...moving(id, from, 'installing')(values), ...more(values)],
      begins: { type: 'InstallHost', parameters, locks: [id] },
      otherwise: () => new Refusal(409, `The status of host ${subject.name} has just changed. Try again.`),
    };
  },
});

/** Installs a host again; with the fingerprint that is given, where it has another key than before. */
export const installHost = installing(
  'install',
  ['maintenance', 'install_failed', 'non_operational'],
  {
    ...{ code: 503, name: 'VDS_INSTALL_STARTED', failed: 505 },
    text: 'Installation of host ${name} was asked for by ${user}.',
  },
  async ({ entity }) => {
    const seen = fingerprintOf(entity);
    if (seen === null) return () => [];
    return (values) => [
      [
        'pinned',
        `update vds_static set sshkeyfingerprint = ${values.add(seen)} where vds_id in (select vds_id from moved) returning vds_id`,
      ],
    ];
  },
);

/** A host that has registered itself is who somebody has seen, and comes into the cluster that is named, if one is. */
async function asSeen(
  occasion: Occasion,
  { password }: Credential,
): Promise<(values: Values) => readonly (readonly [name: string, sql: string])[]> {
  const { database, entity, id } = occasion;
  const seen = fingerprintOf(entity);
  // The engine only knows what a stranger has told, so a password would go to whoever has registered.
  if (password !== undefined && seen === null)
    throw rejected(
      'A password is sent only to a machine that somebody has looked at: ssh.fingerprint must be what ssh-keygen -l shows there.',
    );
  const [host] = await database.query<{ fingerprint: string | null }>(
    'select sshkeyfingerprint as fingerprint from vds_static where vds_id = $1',
    [id],
  );
  if (seen !== null && host?.fingerprint !== seen)
    throw new Refusal(409, 'The SSH fingerprint of the host is another one. Look at the host again before it is approved.');
  if (Object.keys(objectIn(entity, 'cluster')).length === 0) return () => [];
  const cluster = await clusterOf(occasion);
  await needPermitOn(occasion, permits.edit_host_configuration, cluster, 'the cluster');
  return (values) => [
    ['placed', `update vds_static set cluster_id = ${values.add(cluster)} where vds_id in (select vds_id from moved) returning vds_id`],
  ];
}

/** Takes in a host that has registered itself. */
export const approveHost = installing(
  'approve',
  ['pending_approval'],
  {
    ...{ code: 498, name: 'VDS_APPROVE', failed: 499 },
    text: 'Host ${name} was approved by ${user}.',
  },
  asSeen,
);
