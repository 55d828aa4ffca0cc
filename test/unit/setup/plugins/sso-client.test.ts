import { describe, expect, test } from 'vitest';
import { textOf } from '#kit';
import { paths } from '../../../../plugins/engine/settings.ts';
import { memoryHost, type Machine, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { matchesHash } from '../../../../src/setup/pki/password-hash.ts';
import { goodPassword } from '../../../support/dialogue.ts';
import { conf, install } from '../../../support/installation.ts';

const secret = 'a-secret-that-was-given-with-32-letters';
const given = { 'OVESETUP_CONFIG/adminPassword': `str:${goodPassword}`, 'OVESETUP_CONFIG/ssoClientSecret': `str:${secret}` };

interface Registration {
  readonly secret: string;
  readonly prefix: string;
  readonly scope: string;
  readonly redirects: readonly string[];
}

const cluster = (machine: Machine): string => textOf(machine.disk.get('/var/lib/postgresql/15/main/base/cluster.json'));
const registered = (machine: Machine): Registration =>
  (JSON.parse(cluster(machine)) as { databases: { engine: { clients: Record<string, Registration> } } }).databases.engine.clients[
    'ovirt-engine-core'
  ] as Registration;

async function run(machine: Machine, answers: Readonly<Record<string, string>> = {}): Promise<string> {
  const { outcome, screen } = await install({ machine, files: [conf({ ...given, ...answers })] });
  expect(outcome.failure, screen).toBeUndefined();
  return screen;
}

describe('the engine as a client of its own single sign-on', () => {
  test('is registered with a hash of its secret, and with the addresses of its pages', async () => {
    const machine = newMachine();
    await run(machine);
    const found = registered(machine);
    expect(await matchesHash(found.secret, secret, memoryHost(machine).crypto)).toBe(true);
    expect(cluster(machine)).not.toContain(secret);
    expect(textOf(machine.disk.get(paths.fragment('11-setup-sso.conf')))).toContain(secret);
    expect(found.redirects).toEqual([
      'https://engine.example.net:443/ovirt-engine/oauth2-callback',
      'https://engine.example.net:443/ovirt-engine/web-ui/sso/oauth2-callback',
      'https://engine.example.net:443/ovirt-engine/webadmin/sso/oauth2-callback',
    ]);
    expect(found.scope.split(' ')).toContain('ovirt-ext=revoke:revoke-all');
  });

  test('stays as it is in a second run, and follows a new secret and a new port', async () => {
    const machine = newMachine();
    await run(machine);
    const before = registered(machine);
    await run(machine);
    expect(registered(machine)).toEqual(before);
    const other = 'another-secret-that-was-given-32-letters';
    await run(machine, { 'OVESETUP_CONFIG/ssoClientSecret': `str:${other}`, 'OVESETUP_CONFIG/publicHttpsPort': 'int:9443' });
    const after = registered(machine);
    expect(await matchesHash(after.secret, other, memoryHost(machine).crypto)).toBe(true);
    expect(after.redirects[0]).toBe('https://engine.example.net:9443/ovirt-engine/oauth2-callback');
  });
});
