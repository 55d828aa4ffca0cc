import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hostName } from '../support/host-image.ts';
import { bootHost, whyNoHosts } from '../support/test-host.ts';
import { eventually } from '../support/trial.ts';
import { type WholeHost, canaries, expectCode, expectHealthy, forInstallation, ofClone, ofHost } from '../support/whole-host.ts';

const obstacle = await whyNoHosts();
const unit = 'ovirt-provider-ovn';
const trusting = '--silent --show-error --cacert /etc/pki/ovirt-engine/ca.pem';
const statusOnly = "--output /dev/null --write-out '%{http_code}'";

describe.skipIf(obstacle !== null)(`networks of OVN on a Debian host${obstacle === null ? '' : ` (${obstacle})`}`, () => {
  let host: WholeHost;
  beforeAll(async () => {
    host = await forInstallation(await bootHost('with OpenStack'));
    expectCode(await host.setup(ofClone), 0);
  });
  afterAll(() => host.remove());

  /** Signs in, keeps the token where only root reads it, and returns the status. */
  const signIn = (password: string): Promise<string> =>
    host.shell(`umask 077
      printf '%s' '{"auth":{"passwordCredentials":{"username":"admin@internal","password":"${password}"}}}' |
        curl ${trusting} --data @- --output /root/access --write-out '%{http_code}' https://${hostName}:35357/v2.0/tokens
      python3 -c 'import json; print("header = \\"X-Auth-Token: " + json.load(open("/root/access"))["access"]["token"]["id"] + "\\"")' >/root/token 2>/dev/null || true`);
  const call = (path: string, more = ''): Promise<string> =>
    host.shell(`curl ${trusting} --config /root/token ${more} https://${hostName}:9696/v2.0/${path}`);
  const added = async (path: string, body: object): Promise<string> => {
    const answer = JSON.parse(await call(path, `--data '${JSON.stringify(body)}'`)) as Readonly<Record<string, { readonly id: string }>>;
    return Object.values(answer)[0]?.id ?? '';
  };

  test('are made by whoever signs in with the credentials that were chosen', async () => {
    await expectHealthy(host);
    expect(await signIn('wrong')).toBe('401');
    expect(await signIn(canaries.admin)).toBe('200');
    const network = await added('networks', { network: { name: 'blue' } });
    const subnet = { network_id: network, cidr: '10.1.0.0/24', ip_version: 4, gateway_ip: '10.1.0.1' };
    await added('subnets', { subnet });
    const port = await added('ports', { port: { network_id: network, name: 'nic0' } });
    expect(await host.shell(`ovn-nbctl show ${network}`)).toContain(port);
    // ovn-northd works as well: it has translated the network, and given an address.
    await eventually('an address', async () => (await call(`ports/${port}`)).includes('"ip_address":"10.1.0.2"'));
    expect(await host.shell('ovn-sbctl lflow-list | wc -l')).not.toBe('0\n');
    await host.shell('ovn-nbctl ls-add by-hand');
    expect(await call('networks?name=by-hand')).toContain('"name":"by-hand"');
  });

  test('are made with the command line of OpenStack, floating addresses as well', async () => {
    await host.shell(`umask 077; cat >/root/openstack.env <<'END'
export OS_AUTH_TYPE=v2password OS_AUTH_URL=https://${hostName}:35357/v2.0/ OS_IDENTITY_API_VERSION=2
export OS_USERNAME=admin@internal OS_PASSWORD='${canaries.admin}' OS_TENANT_NAME=tenant OS_CACERT=/etc/pki/ovirt-engine/ca.pem
END`);
    const openstack = (...words: readonly string[]): Promise<string> =>
      host.shell(`. /root/openstack.env; ${words.map((line) => `openstack ${line}`).join(' && ')}`);
    const translations = (): Promise<string> => host.shell('ovn-nbctl lr-nat-list edge | tail -n +2');
    const row = async (address: string) =>
      (JSON.parse(await openstack('floating ip list --format json')) as readonly Readonly<Record<string, unknown>>[]).find(
        (one) => one['Floating IP Address'] === address,
      );
    await openstack(
      'network create outside',
      'subnet create wan --network outside --subnet-range 198.51.100.0/24 --gateway 198.51.100.1',
      'network create inside',
      'subnet create lan --network inside --subnet-range 10.7.0.0/24 --gateway 10.7.0.1',
      'router create edge',
      'router set edge --external-gateway outside --enable-snat',
      'router add subnet edge lan',
      'port create web --network inside --fixed-ip subnet=lan,ip-address=10.7.0.9',
    );
    expect(await translations()).toMatch(/^snat\s+198\.51\.100\.2\s+10\.7\.0\.0\/24/);
    const made = JSON.parse(await openstack("floating ip create outside --port web --description 'of the web' --format json")) as Readonly<
      Record<string, unknown>
    >;
    expect(made).toMatchObject({
      floating_ip_address: '198.51.100.254',
      fixed_ip_address: '10.7.0.9',
      status: 'ACTIVE',
      description: 'of the web',
    });
    expect(await translations()).toMatch(/^dnat_and_snat\s+198\.51\.100\.254\s+10\.7\.0\.9\s+snat\s/);
    const refused = await host.run([
      'sh',
      '-c',
      '. /root/openstack.env; openstack floating ip create outside --floating-ip-address 198.51.100.254',
    ]);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('The address 198.51.100.254 is taken')]);

    await openstack('floating ip unset --port 198.51.100.254');
    expect(await row('198.51.100.254')).toMatchObject({ ID: made['id'], Port: null, 'Fixed IP Address': null });
    expect(await translations()).not.toContain('198.51.100.254');
    await openstack('floating ip set --port web --fixed-ip-address 10.7.0.9 198.51.100.254');
    expect(await row('198.51.100.254')).toMatchObject({ ID: made['id'], Port: made['port_id'], 'Fixed IP Address': '10.7.0.9' });
    await openstack('floating ip delete 198.51.100.254');
    expect(await row('198.51.100.254')).toBeUndefined();

    await host.shell('ovn-nbctl lr-nat-add edge dnat_and_snat 198.51.100.77 10.7.0.9');
    expect(await row('198.51.100.77')).toMatchObject({ Port: made['port_id'], 'Fixed IP Address': '10.7.0.9' });
    // Once a host is named, OVN translates.
    const gateway = (await openstack('port list --router edge --device-owner network:router_gateway --format value --column ID')).trim();
    await host.shell(`ovn-nbctl lrp-set-gateway-chassis lrp-${gateway} host1 && ovn-nbctl --wait=sb sync`);
    expect(await host.shell('ovn-sbctl lflow-list')).toMatch(/lr_in_dnat.*ip4\.dst == 198\.51\.100\.77.*ct_dnat\w*\(10\.7\.0\.9\)/);
    await openstack(
      'floating ip delete 198.51.100.77',
      'router remove subnet edge lan',
      'router delete edge',
      'port delete web',
      'network delete outside inside',
    );
    expect(await host.shell('ovn-nbctl --bare --columns=_uuid list NAT; ovn-nbctl lr-list')).toBe('');
  });

  test('are in databases that take nobody without a certificate of the authority', async () => {
    for (const port of [6641, 6642]) {
      const bare = await host.run([
        'sh',
        '-c',
        `echo '{"method":"list_dbs","params":[],"id":0}' | timeout 5 openssl s_client -quiet -connect localhost:${port} 2>&1`,
      ]);
      expect(bare.stdout).not.toContain('OVN_');
    }
    const ssl = '--private-key=/etc/pki/ovirt-engine/keys/ovn-ndb.key.nopass --certificate=/etc/pki/ovirt-engine/certs/ovn-ndb.cer';
    const ours = `--ca-cert=/etc/pki/ovirt-engine/ca.pem ${ssl} --db=ssl:127.0.0.1:6641`;
    expect(await host.shell(`ovn-nbctl ${ours} ls-list`)).toContain('by-hand');
  });

  test('show that OVN is away, and are there again when it is back, and after a power cut', async () => {
    await host.shell('systemctl stop ovn-ovsdb-server-nb');
    expect(await call('networks', statusOnly)).toBe('502');
    expect((await host.status()).services.find(({ name }) => name === unit)).toMatchObject({ health: 'degraded' });
    await host.shell('systemctl start ovn-ovsdb-server-nb');
    await eventually('OVN again', async () => (await call('networks', statusOnly)) === '200');
    await host.cutPower();
    await host.boot();
    await eventually(
      'everything again',
      async () => (await host.run(['curl', ...trusting.split(' '), `https://${hostName}:9696/`])).code === 0,
    );
    await eventually('the engine again', async () => (await signIn(canaries.admin)) === '200');
    await eventually('networks again', async () => (await call('networks', statusOnly)) === '200');
    expect(await call('networks?name=blue')).toContain('"name":"blue"');
  });

  test('are known to the engine as those of a provider', async () => {
    const login = `printf 'user = "admin@internal:%s"' '${canaries.admin}'`;
    const api = `${login} | curl ${trusting} --config - --header 'Accept: application/json' https://${hostName}/ovirt-engine/api`;
    expect(await host.shell(`${api}/openstacknetworkproviders`)).toContain(`"url": "https://${hostName}:9696"`);
    const stored = `runuser -u postgres -- psql --no-psqlrc -Atd engine -c "select auth_password from providers where name = '${unit}'"`;
    const opened = `${stored} | tail -c +2 | base64 --decode | openssl pkeyutl -decrypt -inkey /etc/pki/ovirt-engine/keys/engine.key.nopass -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256`;
    expect(await host.shell(opened)).toBe(canaries.admin);
  });

  test('stay in OVN when the provider is declined, which nobody reaches any more', async () => {
    expectCode(await host.setup(ofHost, '--set', 'OVESETUP_OVN/ovirtProviderOvn=False'), 0);
    expect((await host.run(['systemctl', 'is-active', unit])).stdout).toBe('inactive\n');
    expect(await host.shell('ss --listening --tcp --numeric')).not.toMatch(/:(?:9696|35357|6641|6642)\b/);
    expect(await host.shell('firewall-cmd --list-services')).not.toMatch(/ovn/);
    expect(await host.shell('ovn-nbctl ls-list')).toContain('by-hand');
    expect((await host.run(['ls', `/etc/${unit}/conf.d`])).stdout).toBe('');
  });
});
