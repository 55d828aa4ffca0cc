import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { authorize, calledBack, sessionOf } from '../support/code-flow.ts';
import { adminPassword } from '../support/engine.ts';
import { freshSource } from '../support/https-client.ts';
import { useEngine } from '../support/running-engine.ts';

const running = useEngine();
const program = fileURLToPath(new URL('../../bin/ovirt-register-sso-client-tool', import.meta.url));
const redirect = 'https://app.example.net/back';

const file = (name: string): string => join(running.engine.folder, name);
async function tool(...args: string[]) {
  const config = `--db-config=${file('engine.conf')}`;
  const { exitCode, stdout, stderr } = await execa(program, [config, ...args], { reject: false });
  return { code: exitCode, stdout, stderr };
}
/** What the tool wrote for the program. */
async function written(name: string): Promise<{ readonly id: string; readonly secret: string }> {
  const [, id = '', secret = ''] = /^SSO_CLIENT_ID="(.*)"\nSSO_CLIENT_SECRET="(.*)"\n$/.exec(await readFile(file(name), 'utf8')) ?? [];
  return { id, secret };
}
const exchange = (code: string, id: string, secret: string) =>
  running.engine.client('/ovirt-engine/sso/oauth/token', {
    form: { grant_type: 'authorization_code', code, redirect_uri: redirect, client_id: id, client_secret: secret },
    headers: { accept: 'application/json' },
    from: freshSource(),
  });
const codeFor = async (client_id: string): Promise<string> => {
  const cookie = await sessionOf(running.engine, 'admin', adminPassword, { from: freshSource() });
  const asked = { client_id, response_type: 'code', redirect_uri: redirect, scope: 'openid' };
  return calledBack(await authorize(running.engine, asked, cookie)).parameters['code'] ?? '';
};

describe('a program', () => {
  it('is registered, and people log in for it with the secret that only its file has', async () => {
    const run = await tool('--client-id=app', `--conf-file-name=${file('app.conf')}`, `--redirect-uri=${redirect}`);
    expect(run).toEqual({ code: 0, stdout: `The client app was registered. Its secret is in ${file('app.conf')}.`, stderr: '' });
    expect((await stat(file('app.conf'))).mode & 0o777).toBe(0o600);
    const { id, secret } = await written('app.conf');
    expect([id, secret]).toEqual(['app', expect.stringMatching(/^[\w-]{43}$/)]);
    const [row] = await running.postgres.query<Record<string, unknown>>(`select * from sso_clients where client_id = 'app'`);
    expect(row).toMatchObject({ scope: 'openid ovirt-app-api', trusted: true, encrypted_userinfo: true });
    expect(JSON.stringify(row)).not.toContain(secret);
    expect((await exchange(await codeFor('app'), id, secret)).status).toBe(200);
  });

  it('that is there already gets another secret and other addresses only when asked for', async () => {
    const again = ['--client-id=app', `--conf-file-name=${file('again.conf')}`, '--redirect-uri=https://new.example.net/back'];
    const refused = await tool(...again);
    expect([refused.code, refused.stderr]).toEqual([1, 'There is a client app already. --replace gives it a new secret.']);
    await expect(stat(file('again.conf'))).rejects.toThrow('ENOENT');
    const old = await written('app.conf');
    expect((await exchange(await codeFor('app'), old.id, old.secret)).status).toBe(200);

    expect((await tool(...again, '--replace', '--encrypted-userinfo=false', '--scope=openid')).code).toBe(0);
    expect((await written('again.conf')).secret).not.toBe(old.secret);
    expect(await running.postgres.query(`select redirect_uri from sso_client_redirects where client_id = 'app'`)).toEqual([
      { redirect_uri: 'https://new.example.net/back' },
    ]);
    expect((await exchange('A'.repeat(43), old.id, old.secret)).body).toContain('unauthorized_client');
  });

  it('is not registered when its file is there, which stays as it is', async () => {
    await writeFile(file('taken.conf'), 'mine');
    const run = await tool('--client-id=other', `--conf-file-name=${file('taken.conf')}`);
    expect([run.code, run.stderr]).toEqual([1, `${file('taken.conf')} is there already.`]);
    expect(await readFile(file('taken.conf'), 'utf8')).toBe('mine');
    expect(await running.postgres.query(`select 1 from sso_clients where client_id = 'other'`)).toEqual([]);
  });
});

describe('a mistake', () => {
  it.each([
    [['--client-id=x"y', '--conf-file-name=/nowhere/x'], '--client-id is'],
    [['--client-id=ovirt-engine-core', '--conf-file-name=/nowhere/x', '--replace'], 'is the engine itself'],
    [['--client-id=x'], '--conf-file-name says'],
    [['--client-id=x', '--conf-file-name=/nowhere/x', '--callback-prefix-url=https://a.example/'], 'a prefix allows none'],
    [['--client-id=x', '--conf-file-name=/nowhere/x', '--redirect-uri=https://a.example/#x'], 'An address is'],
    [['--client-id=x', '--conf-file-name=/nowhere/x', '--notification-callback=http://a.example/'], 'an https address'],
    [['--client-id=x', '--conf-file-name=/nowhere/x', '--scope=root'], 'a scope that does not exist'],
    [['--client-id=x', '--conf-file-name=/nowhere/x', '--encrypted-userinfo=yes'], 'is true or false'],
    [['--nonsense=canary'], 'cannot be understood'],
  ])('%j is refused and says what to do', async (args, text) => {
    const { code, stderr } = await tool(...args);
    expect(code).toBe(2);
    expect(stderr).toContain(text);
    expect(stderr).not.toMatch(/canary|\.ts:/);
  });

  it('of the place for the file is told', async () => {
    const { code, stderr } = await tool('--client-id=x', '--conf-file-name=/nowhere/x');
    expect([code, stderr]).toEqual([1, '/nowhere/x cannot be written (ENOENT).']);
  });
});
