import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { useProgram } from '../../../support/program.ts';

const { directory, run } = useProgram();

describe('answers with flaws of form', () => {
  const flawed = [
    'OVESETUP_CONFIG/fqdn=engine.example.net',
    'OVESETUP_DB/port=int:abc',
    'OVESETUP_OVN/ovirtProviderOvn=bool:maybe',
    'OVESETUP_PKI/country=str:usa',
    'OVESETUP_CONFIG/publicHttpsPort=int:PORT',
    // Nobody listens here, whatever else runs on this machine.
    'OVESETUP_CONFIG/websocketProxyPort=int:1',
    'OVESETUP_CONFIG/imageioProxyPort=int:1',
    'OVESETUP_CONFIG/fenceKdumpListenerPort=int:1',
  ];
  const found = [
    'flawed.conf:2: OVESETUP_CONFIG/fqdn: a value starts with its type: none:, bool:, int:, str: or multi-str:',
    'flawed.conf:3: OVESETUP_DB/port: an int is a whole number of at most 15 digits',
    'flawed.conf:4: OVESETUP_OVN/ovirtProviderOvn: a bool is True or False, or yes, no, 1 or 0',
    expect.stringContaining('OVESETUP_CONFIG/adminPassword is not given: '),
    'OVESETUP_PKI/country (flawed.conf:5): Country is two capital letters, such as US',
  ];
  const taken = createServer();
  beforeAll(async () => {
    taken.listen(0);
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const lines = ['[environment:default]', ...flawed, ''].join('\n').replace('PORT', String(port));
    writeFileSync(join(directory, 'flawed.conf'), lines, { mode: 0o600 });
  });
  afterAll(() => taken.close());
  const portTaken = expect.stringMatching(/^Port \d+, wanted for HTTPS, is taken/);

  test('hide nothing else that a plan is refused for', () => {
    const { status, stdout } = run('plan', '--root=r', '--config-append=flawed.conf', '--json');
    expect(status).toBe(4);
    const { error } = JSON.parse(stdout) as { error: { code: string; problems: { message: string }[] } };
    expect(error.code).toBe('refused');
    expect(error.problems.map(({ message }) => message)).toEqual([...found, portTaken]);
    expect(existsSync(join(directory, 'r'))).toBe(false);
  });

  test('hide nothing else that an unattended run is refused for, which changes nothing', () => {
    const { status, stdout, errors } = run('setup', '--root=r', '--config-append=flawed.conf');
    expect([status, stdout]).toEqual([4, '']);
    const told = errors.split('\n').flatMap((line) => /^ {2}(\S.*)$/.exec(line)?.[1] ?? []);
    expect(told).toEqual([...found, 'OVESETUP_DIALOG/confirmSettings is not given: nobody confirms the settings', portTaken]);
    expect(existsSync(join(directory, 'r'))).toBe(false);
  });

  test('are told before the first question, and end the run there', () => {
    const { status, stdout, errors } = run('setup', '--root=r', '--config-append=flawed.conf', '--dialog=lines');
    expect([status, stdout]).toEqual([4, '']);
    expect(errors.trimEnd().split('\n')).toEqual([
      'engine-setup: The answers cannot be used',
      ...found.slice(0, 3).map((text) => `  ${String(text)}`),
    ]);
    expect(existsSync(join(directory, 'r'))).toBe(false);
  });
});
