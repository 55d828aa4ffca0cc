import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeEach, describe, expect, it } from 'vitest';
import { statusNumber } from '../../src/services/engine/hosts/host-status.ts';
import { toSshPublicKey } from '../../src/services/engine/pki/ssh-key.ts';
import { readCertificate } from '../../src/services/engine/pki/pem.ts';
import { mostPending } from '../../src/services/engine/registration/registrations.ts';
import { apiCalls, type Json } from '../support/api-calls.ts';
import { type Answer, freshSource } from '../support/https-client.ts';
import { useEngine } from '../support/running-engine.ts';
import { eventually } from '../support/waiting.ts';

/* Machines that register themselves, as strangers do. */

const running = useEngine();
const { got, call, fault } = apiCalls(running);
const ask = (parameters: Readonly<Record<string, string>>, from = freshSource()): Promise<Answer> =>
  running.engine.client(`/ovirt-engine/services/host-register?${new URLSearchParams({ version: '1', ...parameters }).toString()}`, {
    from,
  });

let count = 0;
/** A machine that nobody has heard of. */
function machine(more: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  count++;
  return {
    command: 'register',
    name: `node-${count}`,
    address: `node-${count}.example.com`,
    sshPort: '22',
    sshUser: 'root',
    sshKeyFingerprint: `SHA256:${String(count).padStart(42, '+/')}A`,
    vdsPort: '54321',
    uniqueId: `4C4C4544-0042-${String(count).padStart(4, '0')}-8056-B4C04F4A3533`,
    ...more,
  };
}
const registered = async (parameters: Readonly<Record<string, string>>, from?: string): Promise<void> => {
  const { status, body } = await ask(parameters, from);
  expect([status, body]).toEqual([200, 'OK\n']);
};
const refused = async (parameters: Readonly<Record<string, string>>): Promise<string> => {
  const { status, headers, body } = await ask(parameters);
  expect([status, headers['content-type']]).toEqual([400, 'text/plain; charset=utf-8']);
  return body;
};
const hosts = async (): Promise<readonly Json[]> => ((await got('hosts'))['host'] ?? []) as readonly Json[];
const named = async (name: string | undefined): Promise<Json | undefined> => (await hosts()).find((host) => host['name'] === name);
const eventsOf = (id: unknown): Promise<readonly { code: number; text: string }[]> =>
  running.postgres.query('select log_type as code, message as text from audit_log where vds_id = $1 order by audit_log_id', [id]);
const setOption = (name: string, value: string): Promise<unknown> =>
  running.postgres.query('update vdc_options set option_value = $2 where option_name = $1', [name, value]);
const setStatus = (id: unknown, status: Parameters<typeof statusNumber>[0]): Promise<unknown> =>
  running.postgres.query('update vds_dynamic set status = $2 where vds_id = $1', [id, statusNumber(status)]);

/** The longest that is taken, with room for a number behind it. */
const [longName, longAddress] = ['n'.repeat(249), [...Array.from({ length: 3 }, () => 'a'.repeat(63)), 'a'.repeat(57)].join('.')];

beforeEach(() => running.postgres.query('delete from vds_static'));

describe('what a machine needs before it registers', () => {
  it('is there for everybody', async () => {
    expect((await ask({ command: 'get-version' })).body).toBe('1');
    const authority = await ask({ command: 'get-pki-trust' });
    expect(authority.headers['content-type']).toBe('application/x-x509-ca-cert');
    expect(authority.body.trim()).toBe(running.engine.ca.trim());
    const key = (await readCertificate(`${running.engine.folder}/engine.cer`))?.publicKey;
    expect((await ask({ command: 'get-ssh-trust' })).body).toBe(key === undefined ? '' : toSshPublicKey(key, 'ovirt-engine'));
  });

  it('is not there in other versions, and other commands are not either', async () => {
    expect(await refused({ version: '2', command: 'get-version' })).toMatch(/version/);
    expect(await refused({ command: 'reboot' })).toMatch(/command/);
    expect(await refused({})).toMatch(/command/);
  });
});

describe('a machine that registers itself', () => {
  it('waits for approval, with its fingerprint shown, in the cluster for that', async () => {
    const one = machine();
    await registered(one);
    const host = await named(one['name']);
    expect(host).toMatchObject({
      address: one['address'],
      status: 'pending_approval',
      ssh: { fingerprint: one['sshKeyFingerprint'], port: '22' },
    });
    const [cluster] = await running.postgres.query<{ id: string }>(
      `select option_value as id from vdc_options where option_name = 'AutoRegistrationDefaultClusterID'`,
    );
    expect(host?.['cluster'].id).toBe(cluster?.id);
    const [event, ...more] = await eventsOf(host?.['id']);
    expect(more).toEqual([]);
    expect(event?.code).toBe(828);
    expect(event?.text).toContain(one['sshKeyFingerprint']);
  });

  it('is in the cluster Default, or else in the first one, where the option names none', async () => {
    const { postgres } = running;
    const [option] = await postgres.query<{ id: string }>(
      `select option_value as id from vdc_options where option_name = 'AutoRegistrationDefaultClusterID'`,
    );
    await postgres.query(
      `insert into cluster (cluster_id, name, compatibility_version, storage_pool_id, mac_pool_id)
       select gen_random_uuid(), 'Another', compatibility_version, storage_pool_id, mac_pool_id from cluster`,
    );
    await setOption('AutoRegistrationDefaultClusterID', 'nonsense');
    const clusterOf = async (one: Readonly<Record<string, string>>): Promise<unknown> => {
      await registered(one);
      return (await got(`clusters/${String((await named(one['name']))?.['cluster'].id)}`))['name'];
    };
    expect(await clusterOf(machine())).toBe('Default');
    await postgres.query(`update cluster set name = 'Zeroth' where name = 'Default'`);
    expect(await clusterOf(machine())).toBe('Another');
    await postgres.query(`update cluster set name = 'Default' where name = 'Zeroth'`);
    await postgres.query('delete from vds_static');
    await postgres.query(`delete from cluster where name = 'Another'`);
    await setOption('AutoRegistrationDefaultClusterID', option?.id ?? '');
  });

  it('may do so again, which changes nothing and approves nothing', async () => {
    const one = machine();
    await registered(one);
    await registered(one);
    const host = await named(one['name']);
    expect(host?.['status']).toBe('pending_approval');
    expect(await eventsOf(host?.['id'])).toHaveLength(1);
  });

  it('may have moved, and keeps the name that it was given meanwhile', async () => {
    const one = machine();
    await registered(one);
    const { id } = (await named(one['name'])) ?? {};
    await got(`hosts/${String(id)}`, { method: 'PUT', body: { name: 'renamed' } });
    await registered({ ...one, address: '192.0.2.9', sshPort: '2022' });
    expect(await hosts()).toMatchObject([{ id, name: 'renamed', address: '192.0.2.9', ssh: { port: '2022' } }]);
  });

  it('with another key is another machine: the one that somebody may be looking at stays as it is', async () => {
    const one = machine();
    await registered(one);
    const before = await named(one['name']);
    await registered({ ...one, sshKeyFingerprint: `SHA256:${'z'.repeat(43)}` });
    const all = await hosts();
    expect(all).toHaveLength(2);
    expect(all.find((host) => host['id'] === before?.['id'])).toMatchObject({
      name: `${String(one['name'])}-2`,
      address: `${String(one['address'])}-2`,
      ssh: { fingerprint: one['sshKeyFingerprint'] },
    });
    expect(await named(one['name'])).toMatchObject({ ssh: { fingerprint: `SHA256:${'z'.repeat(43)}` } });
    expect((await eventsOf(before?.['id'])).map(({ code }) => code)).toEqual([828, 1200, 1200]);
  });

  it('gives up a name and an address of any length', async () => {
    for (let at = 0; at < 12; at++) await registered(machine({ name: longName, address: longAddress }));
    expect((await named(`${longName}-12`))?.['address']).toBe(`${longAddress}-12`);
  });

  it('stands in the way of a host with its address or its key only until somebody decides on it', async () => {
    const [waiting, approved] = [machine(), machine()];
    for (const one of [waiting, approved]) await registered(one);
    await setStatus((await named(approved['name']))?.['id'], 'up');
    const adding = (address: unknown, fingerprint: unknown) =>
      fault('hosts', { body: { name: 'added', address, ssh: { authentication_method: 'publickey', fingerprint } } });
    const other = `SHA256:${'w'.repeat(43)}`;
    for (const [address, fingerprint, what] of [
      [waiting['address'], other, 'address'],
      ['other.example.com', waiting['sshKeyFingerprint'], 'SSH fingerprint'],
    ])
      expect(await adding(address, fingerprint)).toEqual([
        409,
        `[Cannot add the host: ${waiting['name']} has the same ${what}, and waits for approval: approve it, or remove it first.]`,
      ]);
    // What an administrator knows is named where both are in the way.
    for (const [address, fingerprint, what] of [
      [waiting['address'], approved['sshKeyFingerprint'], 'SSH fingerprint'],
      [approved['address'], waiting['sshKeyFingerprint'], 'address'],
    ])
      expect(await adding(address, fingerprint)).toEqual([409, `[Cannot add the host: ${approved['name']} has the same ${what}.]`]);
  });

  it('never touches a host that was approved', async () => {
    const one = machine();
    await registered(one);
    const host = await named(one['name']);
    await setStatus(host?.['id'], 'up');
    const before = await named(one['name']);
    // The same machine, with nothing new: programs that register say so at each start.
    await registered(one);
    const { name: _name, address: _address, ...hardware } = one;
    expect(await refused({ ...hardware, name: 'elsewhere', address: 'elsewhere.example.com' })).toMatch(/hardware/);
    expect(await refused({ ...one, sshKeyFingerprint: `SHA256:${'y'.repeat(43)}` })).toMatch(/hardware/);
    expect(await refused(machine({ address: String(one['address']).toUpperCase() }))).toMatch(/address/);
    // A name is no reason to refuse, but it is taken.
    await registered(machine({ name: String(one['name']) }));
    expect(await named(`${String(one['name'])}-2`)).toMatchObject({ status: 'pending_approval' });
    expect(await named(one['name'])).toEqual(before);
  });

  it('cannot take the hardware UUID away from the host that has it', async () => {
    const one = machine();
    await registered(one);
    const [column] = await running.postgres.query<{ id: unknown }>('select vds_unique_id as id from vds_static');
    expect(column?.id).toBeNull();
  });
});

describe('the commands of the documentation', () => {
  it('register the machine that they are typed on', async () => {
    const page = await readFile(new URL('../../docs/hosts.md', import.meta.url), 'utf8');
    const commands = /```sh\n(engine=[\s\S]*?)```/.exec(page)?.[1] ?? '';
    const folder = await mkdtemp(join(tmpdir(), 'register-'));
    try {
      await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'ssh_host_ed25519_key')]);
      await writeFile(join(folder, 'product_uuid'), '4c4c4544-0042-4000-8000-b4c04f4a3533\n');
      const script = commands
        .replace('engine.example.com', `localhost:${running.engine.port}`)
        .replaceAll('/etc/ssh/', `${folder}/`)
        .replaceAll('/root/', `${folder}/`)
        .replace('/sys/class/dmi/id/', `${folder}/`)
        .replace('hostname --short', 'echo here')
        .replace('hostname --fqdn', 'echo here.example.com');
      const { stdout } = await execa('sh', ['-euc', script], { cwd: folder });
      expect(stdout).toMatch(/^sha256 Fingerprint=[0-9A-F:]{95}\nOK$/);
      const shown = await execa('ssh-keygen', ['-lf', join(folder, 'ssh_host_ed25519_key.pub')]);
      expect(await named('here')).toMatchObject({ address: 'here.example.com', ssh: { fingerprint: shown.stdout.split(' ')[1] } });
      expect(await readFile(join(folder, '.ssh/authorized_keys'), 'utf8')).toMatch(/^ssh-rsa \S+ ovirt-engine\n$/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('approval', () => {
  const key = { ssh: { authentication_method: 'publickey' } };
  it('begins the installation, with the fingerprint that was shown', async () => {
    const one = machine();
    await registered(one);
    const { id } = (await named(one['name'])) ?? {};
    const wrong = { ssh: { ...key.ssh, fingerprint: `SHA256:${'q'.repeat(43)}` } };
    const answer = await call(`hosts/${String(id)}/approve`, { body: wrong });
    expect([answer.status, answer.body]).toEqual([409, expect.stringContaining('fingerprint')]);
    await got(`hosts/${String(id)}/approve`, { body: { ssh: { ...key.ssh, fingerprint: one['sshKeyFingerprint'] } } });
    await eventually(async () => expect((await eventsOf(id)).map(({ code }) => code)).toEqual(expect.arrayContaining([828, 498, 505])));
  });

  it('sends a password only to a machine whose fingerprint somebody has seen on it', async () => {
    const one = machine();
    await registered(one);
    const { id } = (await named(one['name'])) ?? {};
    const password = { root_password: 'Root-Canary-1' };
    const answer = await call(`hosts/${String(id)}/approve`, { body: password });
    expect([answer.status, answer.body]).toEqual([400, expect.stringContaining('ssh.fingerprint')]);
    expect(await named(one['name'])).toMatchObject({ status: 'pending_approval' });
    await got(`hosts/${String(id)}/approve`, { body: { ...password, ssh: { fingerprint: one['sshKeyFingerprint'] } } });
    await eventually(async () => expect((await eventsOf(id)).map(({ code }) => code)).toContain(505));
  });

  it('may name another cluster', async () => {
    const { postgres } = running;
    await postgres.query(
      `insert into cluster (cluster_id, name, compatibility_version, storage_pool_id, mac_pool_id)
       select gen_random_uuid(), 'Elsewhere', compatibility_version, storage_pool_id, mac_pool_id from cluster limit 1`,
    );
    const one = machine();
    await registered(one);
    const { id } = (await named(one['name'])) ?? {};
    await got(`hosts/${String(id)}/approve`, { body: { ...key, cluster: { name: 'Elsewhere' } } });
    expect((await got(`clusters/${String((await got(`hosts/${String(id)}`))['cluster'].id)}`))['name']).toBe('Elsewhere');
    await eventually(async () => expect((await eventsOf(id)).map(({ code }) => code)).toContain(505));
    await postgres.query('delete from vds_static');
    await postgres.query(`delete from cluster where name = 'Elsewhere'`);
  });

  it('is not needed where the name or the UUID begins as an administrator has said', async () => {
    const [byName, byUuid, neither] = [
      machine({ name: 'rack7-a' }),
      machine({ uniqueId: 'ABCDEF00-1234-4000-8000-000000000001' }),
      machine(),
    ];
    await setOption('AutoApprovePatterns', 'rack[0-9]-, abcdef00');
    try {
      for (const one of [byName, byUuid, neither]) await registered(one);
    } finally {
      await setOption('AutoApprovePatterns', '');
    }
    for (const one of [byName, byUuid]) {
      const id = (await named(one['name']))?.['id'];
      await eventually(async () => expect((await eventsOf(id)).map(({ code }) => code)).toEqual(expect.arrayContaining([828, 498, 505])));
    }
    expect(await named(neither['name'])).toMatchObject({ status: 'pending_approval' });
  });
});

describe('what is refused', () => {
  it.each([
    ['no address', { address: '' }, 'address'],
    ['an address with a command in it', { address: 'a;reboot' }, 'address'],
    ['an option as an address', { address: '-oProxyCommand=x' }, 'address'],
    ['a name with a line in it', { name: 'a\nb' }, 'name'],
    ['a name that is a page', { name: '<b>' }, 'name'],
    ['a long name', { name: 'a'.repeat(250) }, 'name'],
    ['a long address', { address: `${longAddress}a` }, 'address'],
    ['a port that is none', { sshPort: '0' }, 'sshPort'],
    ['a port in words', { sshPort: '22 ' }, 'sshPort'],
    ['another port of the agent', { vdsPort: '54322' }, 'vdsPort'],
    ['another user', { sshUser: 'me' }, 'sshUser'],
    ['a fingerprint of the old kind', { sshKeyFingerprint: 'aa:bb' }, 'sshKeyFingerprint'],
    ['no hardware', { uniqueId: '' }, 'uniqueId'],
    ['hardware that is no word', { uniqueId: "x' or 1=1" }, 'uniqueId'],
    ['a NUL', { name: 'a\0b' }, 'name'],
  ])('%s', async (_what, wrong, parameter) => {
    expect(await refused(machine(wrong))).toContain(parameter);
    expect(await hosts()).toEqual([]);
  });

  it('a parameter that is there twice', async () => {
    const query = new URLSearchParams({ version: '1', ...machine() });
    query.append('address', 'other.example.com');
    const { status } = await running.engine.client(`/ovirt-engine/services/host-register?${query.toString()}`);
    expect(status).toBe(400);
  });

  it('more than one machine registers in a minute from one place, while others go on', async () => {
    const from = freshSource();
    const one = machine();
    const answers = [];
    for (let at = 0; at < 25; at++) answers.push((await ask(one, from)).status);
    expect(answers.filter((status) => status === 429)).toHaveLength(5);
    await registered(machine());
  });

  it('more machines than somebody can look at', async () => {
    await running.postgres.query(
      `with many as (insert into vds_static (vds_id, vds_name, host_name, cluster_id)
         select gen_random_uuid(), 'many-' || n, 'many-' || n, (select cluster_id from cluster limit 1) from generate_series(1, $1::integer) n returning vds_id),
       d as (insert into vds_dynamic (vds_id, status) select vds_id, $2 from many)
       insert into vds_statistics (vds_id) select vds_id from many`,
      [mostPending.ofAll, statusNumber('pending_approval')],
    );
    const { status, headers } = await ask(machine());
    expect([status, headers['retry-after']]).toEqual([503, '300']);
  });
});
