import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../../../../src/services/frame/config.ts';
import { parseIni } from '../../../../src/services/frame/ini-parser.ts';
import { readSettings } from '../../../../src/services/ovn-provider/settings.ts';
import { render } from '../../../../src/setup/render/render.ts';

const defaults = fileURLToPath(new URL('../../../../src/services/ovn-provider/defaults.conf', import.meta.url));
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ovn-settings-'));
  await mkdir(join(folder, 'conf.d'));
  const written = {
    ...{ host: 'engine.example.net', healthSocket: '/run/health.sock', certificate: '/c', key: '/k', authority: '/ca', northbound: 6641 },
    ...{ engine: 'https://engine.example.net:443', engineAuthority: '/web-ca', user: 'ovn@internal', secret: 'a-secret' },
  };
  await writeFile(join(folder, 'conf.d', '10-setup.conf'), render('ovn/10-setup-ovirt-provider-ovn.conf', written));
});
afterAll(() => rm(folder, { recursive: true }));

const read = async (more = '') => {
  await writeFile(join(folder, 'conf.d', '99-local.conf'), more);
  const dialect = { parse: parseIni, folder: join(folder, 'conf.d') };
  return readSettings(await loadConfig(join(folder, 'main.conf'), defaults, dialect));
};

describe('the settings of the provider of networks', () => {
  test('are those that setup writes, with defaults for the rest', async () => {
    expect(await read()).toEqual({
      host: 'engine.example.net',
      listen: { address: null, keystonePort: 35_357, neutronPort: 9696, certificate: '/c', key: '/k' },
      signOn: {
        engine: 'https://engine.example.net:443',
        base: '/ovirt-engine',
        authority: '/web-ca',
        clientId: 'ovirt-provider-ovn',
        clientSecret: 'a-secret',
        user: 'ovn@internal',
        timeoutMs: 110_000,
        tokenSeconds: 360_000,
      },
      ovn: { remotes: [{ kind: 'ssl', host: '127.0.0.1', port: 6641 }], authority: '/ca', answerMs: 30_000 },
      networks: { portSecurity: true, mtu: 1442, leaseSeconds: 86_400 },
      healthSocket: '/run/health.sock',
    });
    expect((await read('[OVIRT]\nauth-token-timeout=0\n')).signOn.tokenSeconds).toBeNull();
  });

  test.each([
    ['[SSL]\nhttps-enabled=false', 'SSL/https-enabled must be true'],
    ['[OVN REMOTE]\novn-remote=tcp:127.0.0.1:6641', '99-local.conf:2: OVN REMOTE/ovn-remote must be ssl:HOST:PORT or unix:PATH'],
    ['[OVIRT]\novirt-host=http://engine', 'OVIRT/ovirt-host must be https://'],
    ['[OVIRT]\novirt-sso-client-secret=', 'OVIRT/ovirt-sso-client-secret must have a value'],
    ['[AUTH]\nauth-plugin=auth.plugins.ovirt:AuthorizationByRole', 'who may use the provider is one user'],
    ['[PROVIDER]\nneutron-port=0', 'PROVIDER/neutron-port must be a whole number from 1 to 65535'],
  ])('refuse %j', async (more, message) => {
    await expect(read(more)).rejects.toThrow(message);
  });
});
