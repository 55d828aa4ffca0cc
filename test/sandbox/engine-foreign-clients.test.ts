import { beforeAll, describe, expect, it } from 'vitest';
import { apiCalls, apiRoot, type Json } from '../support/api-calls.ts';
import { adminPassword } from '../support/engine.ts';
import { useEngine } from '../support/running-engine.ts';

/* What clients that others wrote send, and what people send by mistake. */

const running = useEngine();
const { call, got, fault, idOf, list } = apiCalls(running);
const management = '00000000-0000-0000-0000-000000000009';
const managers = 'roles/00000000-0000-0000-0001-000000000001';

describe('addresses', () => {
  it.each(['vms', 'nothing', 'users/', 'users/1/2/3/4'])('%s tells nobody without a login what there is', async (path) => {
    const { status, headers, body } = await running.engine.client(`${apiRoot}/${path}`);
    expect([status, headers['www-authenticate'], body]).toEqual([401, 'Basic realm="RESTAPI"', '']);
    const patched = await running.engine.client(`${apiRoot}/users`, { method: 'PATCH' });
    expect(patched.status).toBe(401);
  });

  it('are told not to exist, or not for a method, once somebody has logged in', async () => {
    expect((await call('vmpools')).status).toBe(404);
    expect((await call('users', { method: 'PATCH' })).status).toBe(405);
  });

  it('may end with a slash', async () => {
    expect(await got('tags/?search=name%3Droot')).toEqual(await got('tags?search=name%3Droot'));
    expect((await got(''))['product_info']).toBeDefined();
  });
});

describe('levels of clusters', () => {
  it('have a list of features, in which there is none', async () => {
    expect(await got('clusterlevels/4.7/clusterfeatures')).toEqual({});
    expect((await call('clusterlevels/9.9/clusterfeatures')).status).toBe(404);
  });
});

/*
 * Modules of Ansible's collection for oVirt send these requests through its SDK, and take nothing else for an answer: names in quotes, lists that are
 * there for whatever they look into, 200 for what is removed.
 */
describe('modules of Ansible', () => {
  const xml = async (path: string, how: object = {}) => {
    const { status, headers, body } = await call(path, {
      headers: { accept: 'application/xml', version: '4', 'all-content': 'True' },
      ...how,
    });
    return { status, type: headers['content-type'], body };
  };
  const found = async (rel: string, search: string): Promise<readonly string[]> =>
    (await list(`${rel}?search=${encodeURIComponent(search)}`)).map(({ name }) => String(name));

  it('find objects by names in quotes, and what they are in', async () => {
    expect(await found('clusters', 'name="Default"')).toEqual(['Default']);
    expect(await found('datacenters', 'name="Default"')).toEqual(['Default']);
    expect(await found('users', 'usrname="admin@internal-authz"')).toHaveLength(1);
    for (const [rel, search] of [
      ['disks', 'name="d" and Storage.name="data" and vm_names="m"'],
      ['datacenters', 'storage="data"'],
      ['hosts', 'status="up"'],
      ['storagedomains', 'name="*"'],
    ] as const)
      expect(await found(rel, search)).toEqual([]);
  });

  it('compare a cluster with what they want, down to how its hosts are chosen', async () => {
    const [cluster] = (await got('clusters?search=name%3D%22Default%22'))['cluster'] as readonly Json[];
    expect(cluster).toMatchObject({
      ...{
        error_handling: { on_error: expect.any(String) },
        fencing_policy: { skip_if_sd_active: {}, skip_if_connectivity_broken: {} },
        ksm: {},
      },
      ...{ mac_pool: {}, memory_policy: { over_commit: {} }, migration: { bandwidth: { assignment_method: 'auto' } }, version: {} },
    });
    const policy = String(cluster?.['scheduling_policy'].href).slice(`${apiRoot}/`.length);
    expect(await got(policy)).toMatchObject({ name: 'evenly_distributed' });
    expect((await xml('schedulingpolicies')).body).toContain('<scheduling_policies>');
  });

  it('find the template Blank in every data center, and the template of a machine', async () => {
    await got('datacenters', { body: { name: 'second', local: 'false' } });
    for (const center of ['Default', 'second']) expect(await found('templates', `name=Blank and datacenter=${center}`)).toEqual(['Blank']);
    expect(await found('templates', 'name=Blank and datacenter=third')).toEqual([]);
    await got('vms?clone=false&clone_permissions=false', {
      xml: `<vm><cluster><name>Default</name></cluster><memory>1073741824</memory><name>played</name>
        <template id="00000000-0000-0000-0000-000000000000"/></vm>`,
    });
    expect(await found('templates', 'vm.name=played')).toEqual(['Blank']);
    expect(await found('templates', 'vm.name=nothing')).toEqual([]);
  });

  it('look into all that a machine has, change it, and remove it', async () => {
    const machine = `vms/${await idOf('vms', 'played')}`;
    const [shown] = (await got('vms?all_content=true&search=name%3D%22played%22'))['vm'] as readonly Json[];
    // What they read without looking whether it is there.
    expect(shown).toMatchObject({
      ...{ bios: { boot_menu: {}, type: expect.any(String) }, cpu: { topology: {} }, high_availability: {}, io: {}, memory_policy: {} },
      ...{ os: { boot: { devices: {} } }, sso: {}, usb: {}, placement_policy: { affinity: 'migratable' } },
    });
    for (const list of ['numanodes', 'nics', 'diskattachments', 'cdroms', 'graphicsconsoles'])
      expect(await xml(`${machine}/${list}`)).toMatchObject({ status: 200, type: expect.stringMatching(/^application\/xml/) });
    expect((await xml(`${machine}/numanodes`)).body).toMatch(/<vm_numa_nodes *\/>/);
    const changed = `<vm><cluster><name>Default</name></cluster><memory>2147483648</memory><name>played</name>
      <template id="00000000-0000-0000-0000-000000000000"/></vm>`;
    expect((await xml(machine, { method: 'PUT', xml: changed })).body).toContain('<memory>2147483648</memory>');
    expect(await xml(machine, { method: 'DELETE' })).toMatchObject({ status: 200 });
  });

  it('get a token by a form, and give it back', async () => {
    const form = { grant_type: 'password', scope: 'ovirt-app-api', username: 'admin@internal', password: adminPassword };
    const asked = await running.engine.client('/ovirt-engine/sso/oauth/token', { form, headers: { accept: 'application/json' } });
    const token = String((JSON.parse(asked.body) as Json)['access_token']);
    const as = `Bearer ${token}`;
    expect((await call('', { as, headers: { accept: 'application/xml' } })).status).toBe(200);
    const back = { form: { scope: 'ovirt-app-api', token }, headers: { accept: 'application/json' } };
    const given = await running.engine.client('/ovirt-engine/services/sso-logout', back);
    expect([given.status, given.headers['content-type'], given.body]).toEqual([200, expect.stringMatching(/^application\/json/), '{}']);
    expect((await call('', { as })).status).toBe(401);
  });
});

describe('bodies', () => {
  it('of a kind that is not known are refused without a body', async () => {
    const { status, body } = await call('tags', { method: 'POST', xml: '<tag/>', headers: { 'content-type': 'text/plain' } });
    expect([status, body]).toEqual([415, '']);
  });
});

describe('permissions', () => {
  let user: string;
  let center: string;
  beforeAll(async () => {
    user = await idOf('users', 'admin');
    center = await idOf('datacenters', 'Default');
  });

  it('on an object may be given at the top, and are there by their ids', async () => {
    const given = await got('permissions', {
      xml: `<permission><role><name>UserRole</name></role><user id="${user}"/><data_center id="${center}"/></permission>`,
    });
    expect(given['data_center']).toMatchObject({ id: center });
    const path = `permissions/${String(given['id'])}`;
    expect(await got(path)).toEqual(given);
    expect(JSON.stringify(await got('permissions'))).not.toContain(given['id']);
    await got(path, { method: 'DELETE' });
    expect((await call(path)).status).toBe(404);
  });

  it.each([
    ['disk', 'disks'],
    ['storage_domain', 'storagedomains'],
    ['template', 'templates'],
    ['vm', 'vms'],
  ])('on a %s that is not there are given on nothing', async (object, rel) => {
    const before = await got('permissions');
    const xml = `<permission><role><name>UserRole</name></role><user id="${user}"/><${object} id="${center}"/></permission>`;
    expect(await fault('permissions', { xml })).toEqual([404, expect.stringContaining(rel)]);
    expect(await got('permissions')).toEqual(before);
  });

  it.each(['vm_pool'])('on a %s are not given on the whole system', async (object) => {
    const before = await got('permissions');
    expect(
      await fault('permissions', {
        xml: `<permission><role><name>UserRole</name></role><user id="${user}"/><${object} id="${center}"/></permission>`,
      }),
    ).toEqual([400, `[A permission cannot be given on a ${object}.]`]);
    expect(await got('permissions')).toEqual(before);
  });
});

it('says that something is there already where no name is in the way', async () => {
  const role = await got('roles', { xml: '<role><name>twice</name><administrative>false</administrative></role>' });
  expect(await fault(`roles/${String(role['id'])}/permits`, { xml: '<permit><name>login</name></permit>' })).toEqual([
    409,
    '[It is there already.]',
  ]);
  expect((await fault('roles', { xml: '<role><name>twice</name><administrative>false</administrative></role>' }))[1]).toBe(
    '[The name is already in use.]',
  );
});

it('inlines a list that is an attribute as well at one and the same place', async () => {
  const xml = async (query: string): Promise<readonly string[]> => {
    const { body } = await call(`${managers}?${query}`, { headers: { accept: 'application/xml' } });
    return [...body.matchAll(/^ {4}<(\w+)/gm)].map(([, name = '']) => name);
  };
  expect(await xml('follow=permits')).toEqual(await xml('all_content=true').then((all) => all.filter((name) => name !== 'link')));
});

it('ends a job as failed where the client says so', async () => {
  const ended = async (action: string): Promise<unknown> => {
    const job = await got('jobs', { xml: '<job><description>backup</description></job>' });
    await got(`jobs/${String(job['id'])}/end`, { xml: action });
    return (await got(`jobs/${String(job['id'])}`))['status'];
  };
  expect(await ended('<action><succeeded>false</succeeded></action>')).toBe('failed');
  expect(await ended('<action/>')).toBe('finished');
});

describe('clusters', () => {
  it.each([
    ['<cpu><type>Zilog</type></cpu>', /^cpu\.type must be one of: Intel/],
    ['<memory_policy><over_commit><percent>0</percent></over_commit></memory_policy>', /^percent must be a number from 1 /],
    ['<log_max_memory_used_threshold>-5</log_max_memory_used_threshold>', /^log_max_memory_used_threshold must be a number from 0 /],
  ])('refuse %s by its name', async (attribute, why) => {
    const [status, detail] = await fault('clusters', {
      xml: `<cluster><name>wrong</name><data_center><name>Default</name></data_center>${attribute}</cluster>`,
    });
    expect([status, detail]).toEqual([400, expect.stringMatching(why)]);
  });
});

describe('events of others', () => {
  it.each([
    ['description', 4001],
    ['origin', 26],
  ])('refuse a %s that is too long by its name', async (attribute, length) => {
    const event = { description: 'd', origin: 'o', severity: 'normal', custom_id: 1, [attribute]: 'x'.repeat(length) };
    expect(await fault('events', { body: event })).toEqual([400, `${attribute} may have ${length - 1} characters at most.`]);
  });
});

describe('networks', () => {
  let cluster: string;
  beforeAll(async () => {
    cluster = `clusters/${await idOf('clusters', 'Default')}`;
  });
  const uses = (...words: readonly string[]): string => `<usages>${words.map((word) => `<usage>${word}</usage>`).join('')}</usages>`;
  const usagesOf = async (id: string): Promise<unknown> => (await got(`${cluster}/networks/${id}`))['usages'];

  it('are refused with a use that does not exist, and not made into something else', async () => {
    const xml = `<network><name>odd</name><data_center><name>Default</name></data_center>${uses('nonsense')}</network>`;
    expect((await fault('networks', { xml }))[1]).toMatch(/^usage must be one of: vm, display/);
    expect((await fault(`${cluster}/networks/${management}`, { method: 'PUT', xml: `<network>${uses('nonsense')}</network>` }))[0]).toBe(
      400,
    );
  });

  it('are named among those of the data center of the cluster', async () => {
    // Another data center has a network of this name, too.
    await got('datacenters', { xml: '<data_center><name>other</name></data_center>' });
    expect(await fault(`${cluster}/networks`, { xml: '<network><name>ovirtmgmt</name></network>' })).toEqual([
      409,
      '[It is there already.]',
    ]);
  });

  it('leave a cluster no time without a management network, and each use to one network', async () => {
    const path = `${cluster}/networks/${management}`;
    expect((await fault(path, { method: 'PUT', xml: `<network>${uses('display')}</network>` }))[0]).toBe(409);
    expect((await fault(path, { method: 'PUT', xml: '<network><required>false</required></network>' }))[0]).toBe(409);
    const second = await got('networks', { xml: '<network><name>second</name><data_center><name>Default</name></data_center></network>' });
    const id = String(second['id']);
    await got(`${cluster}/networks`, { xml: `<network id="${id}">${uses('management', 'display')}</network>` });
    expect((await got(cluster))['management_network']).toMatchObject({ id });
    expect(await usagesOf(management)).toEqual({ usage: ['vm', 'migration', 'default_route'] });
    await got(path, { method: 'PUT', xml: `<network>${uses('management', 'display')}</network>` });
    expect(await usagesOf(id)).toEqual({ usage: ['vm'] });
    expect((await got(cluster))['management_network']).toMatchObject({ id: management });
  });
});

describe('vNIC profiles', () => {
  it('lose their filter with an element that names none', async () => {
    const filter = '<network_filter><name>vdsm-no-mac-spoofing</name></network_filter>';
    const profile = await got('vnicprofiles', {
      xml: `<vnic_profile><name>filtered</name><network id="${management}"/>${filter}</vnic_profile>`,
    });
    expect(profile['network_filter']).toBeDefined();
    const path = `vnicprofiles/${String(profile['id'])}`;
    const change = async (how: Json): Promise<unknown> => (await got(path, { method: 'PUT', ...how }))['network_filter'];
    expect(await change({ xml: '<vnic_profile><network_filter/></vnic_profile>' })).toBeUndefined();
    expect(await change({ xml: `<vnic_profile>${filter}</vnic_profile>` })).toBeDefined();
    expect(await change({ body: { network_filter: {} } })).toBeUndefined();
  });
});
