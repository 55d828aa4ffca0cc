import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { programDirectory } from '../../src/setup/paths.ts';
import { makeCertificate } from '../support/certificates.ts';
import { freePort } from '../support/free-port.ts';
import { createClient } from '../support/https-client.ts';
import { caller } from '../support/ovn-provider.ts';
import { ovnIsHere } from '../support/ovn.ts';
import { hasCurl } from '../support/trial-client.ts';
import { type Trial, eventually, newTrial, run } from '../support/trial.ts';

/* What a trial has beside the engine, as clients that are not ours see it, and how it comes and goes. */

let trial: Trial;
beforeAll(async () => {
  trial = await newTrial();
  const { code, stdout } = await run(trial.unattended);
  expect(code, stdout).toBe(0);
}, 120_000);
afterAll(() => trial.remove());

const setUp = async (...words: readonly string[]): Promise<string> => {
  const { code, stdout, stderr } = await run([...trial.unattended, ...words]);
  expect(code, stdout + stderr).toBe(0);
  return stdout;
};
const services = async (): Promise<readonly string[]> => (await trial.status()).services.map(({ name, state }) => `${name} ${state}`);

describe('the Image I/O proxy of a trial', () => {
  test.skipIf(!hasCurl)(`carries images as its page has it${hasCurl ? '' : ' (needs curl)'}`, async () => {
    const page = readFileSync(join(programDirectory, 'docs/image-io.md'), 'utf8');
    const [, script] = /^(trial=\$PWD.*?)^```$/ms.exec(page) ?? [];
    const usual = 'trial=$PWD/.sandbox; proxy=64323; daemon=54322\n';
    if (script?.startsWith(usual) !== true) throw new Error('the page about images has no example for a trial');
    const here = `trial=${trial.root}; proxy=${trial.imageioPort}; daemon=${await freePort()}\n`;
    const { stdout, stderr } = await execa('sh', ['-c', here + script.slice(usual.length)], {
      cwd: programDirectory,
      env: { no_proxy: '*' },
    });
    expect(stdout, stderr).toMatch(/^it is there\nand comes back$/m);
  });

  test('goes when it is declined, and comes back when it is chosen again', async () => {
    const declined = '--set=OVESETUP_CONFIG/imageioProxyConfig=False';
    await setUp(declined);
    expect(await services()).not.toContainEqual(expect.stringContaining('imageio'));
    const { stdout } = await run(['plan', ...trial.unattended, declined, '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ pending: 0 });
    await setUp('--set=OVESETUP_CONFIG/imageioProxyConfig=True');
    expect(await services()).toContain('ovirt-imageio running');
  });
});

describe.skipIf(!ovnIsHere)(`the provider of networks of a trial${ovnIsHere ? '' : ' (needs ovn-central)'}`, () => {
  const units = ['ovirt-provider-ovn', 'ovn-northd', 'ovn-ovsdb-server-nb', 'ovn-ovsdb-server-sb'];
  const present = async () => (await services()).filter((line) => units.some((unit) => line === `${unit} running`));
  const pki = (name: string): string => join(trial.root, 'etc/pki/ovirt-engine', name);
  const nbctl = async (...words: readonly string[]): Promise<string> =>
    (await execa('ovn-nbctl', [`--db=unix:${trial.root}/run/ovn/ovnnb_db.sock`, '--timeout=10', ...words])).stdout;
  const clientOf = (port: number) => createClient(port, readFileSync(pki('ca.pem'), 'utf8'));
  const signIn = async (password: string) => {
    const body = JSON.stringify({ auth: { tenantName: 'any', passwordCredentials: { username: 'admin@internal', password } } });
    return clientOf(trial.ovnPorts.keystone)('/v2.0/tokens', { body, headers: { 'content-type': 'application/json' } });
  };
  const api = async () => {
    const { access } = JSON.parse((await signIn(trial.password)).body) as { access: { token: { id: string } } };
    return caller(clientOf(trial.ovnPorts.neutron), access.token.id);
  };

  test('makes networks in its own northbound database, whose ports get addresses', async () => {
    expect((await signIn('wrong')).status).toBe(401);
    const call = await api();
    const { network } = (await call('POST', '/v2.0/networks', { network: { name: 'blue' } })).body as { network: { id: string } };
    const subnet = { network_id: network.id, cidr: '10.1.0.0/24', ip_version: 4, gateway_ip: '10.1.0.1' };
    expect((await call('POST', '/v2.0/subnets', { subnet })).status).toBe(201);
    const { port } = (await call('POST', '/v2.0/ports', { port: { network_id: network.id } })).body as { port: { id: string } };
    expect(await nbctl('show')).toContain(`port ${port.id}`);
    // Addresses are given by what translates between the databases.
    const addressed = async (): Promise<boolean> => {
      const found = (await call('GET', `/v2.0/ports/${port.id}`)).body as { port: { fixed_ips: { ip_address: string }[] } };
      return found.port.fixed_ips.map(({ ip_address: ip }) => ip).join() === '10.1.0.2';
    };
    await eventually('the port has an address', addressed);
  });

  test('lets in over TLS who has a certificate of the authority, and nobody else', async () => {
    const { northbound } = trial.ovnPorts;
    const show = (...files: readonly string[]) =>
      execa('ovn-nbctl', [`--db=ssl:127.0.0.1:${northbound}`, `--ca-cert=${pki('ca.pem')}`, ...files, '--timeout=5', 'show'], {
        reject: false,
      });
    const ours = [`--private-key=${pki('keys/engine.key.nopass')}`, `--certificate=${pki('certs/engine.cer')}`];
    expect((await show(...ours)).stdout).toContain('blue');
    const { key, certificate } = await makeCertificate(trial.directory, 'stranger');
    const refused = await show(`--private-key=${key}`, `--certificate=${certificate}`);
    expect([refused.exitCode === 0, refused.stdout]).toEqual([false, '']);
  });

  test('goes when it is declined, and comes back to the networks that it had', async () => {
    const declined = '--set=OVESETUP_OVN/ovirtProviderOvn=False';
    await setUp(declined);
    expect(await present()).toEqual([]);
    const { stdout } = await run(['plan', ...trial.unattended, declined, '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ pending: 0 });
    const secret = join(trial.directory, 'password');
    writeFileSync(secret, `${trial.password}\n`, { mode: 0o600 });
    await setUp('--set=OVESETUP_OVN/ovirtProviderOvn=True', `--set-file=OVESETUP_OVN/ovirtProviderOvnPassword=${secret}`);
    expect(await present()).toHaveLength(units.length);
    const call = await api();
    const { networks } = (await call('GET', '/v2.0/networks')).body as { networks: { name: string }[] };
    expect(networks.map(({ name }) => name)).toEqual(['blue']);
  });

  test('moves to other ports, and finds its database there', async () => {
    const northbound = await freePort();
    await setUp(`--set=OVESETUP_OVN/northboundPort=${northbound}`);
    const call = await api();
    expect((await call('GET', '/v2.0/networks')).status).toBe(200);
    await setUp();
  });
});
