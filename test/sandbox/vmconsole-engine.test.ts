import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { type EnvelopeSigner, sealEnvelope } from '../../src/services/frame/envelope.ts';
import { type EngineDoor, EngineSilence, engineDoor } from '../../src/services/vmconsole-proxy/engine-door.ts';
import { apiCalls } from '../support/api-calls.ts';
import { makeCertificate } from '../support/certificates.ts';
import { addUser, giveRole } from '../support/engine.ts';
import { basic, type Answer } from '../support/https-client.ts';
import { useEngine } from '../support/running-engine.ts';
import { addConsole, asking, configurationOf, giveKey, issueFor, newSshKey, partsOf, permit, proxyUsage } from '../support/vmconsole.ts';

/* What the engine answers to the VM console proxy, and what the proxy's programs make of it. */

const running = useEngine();
const { got, fault, idOf } = apiCalls(running);
const alicesKey = newSshKey('ed25519', 0, 'alice at home');
const bobsKey = newSshKey('rsa');
const alice = basic('alice@internal', 'Alice-Canary-1');
let engine: EngineDoor;
let signer: EnvelopeSigner;
let [aliceId, bobId, mine, shared, hidden] = ['', '', '', '', ''];

const attempt = (vm: string, userId = aliceId, key = alicesKey) => ({
  userId,
  key: partsOf(key),
  vm: { id: vm },
  source: '192.0.2.7',
});
const events = (): Promise<readonly { code: number; message: string; user: string | null }[]> =>
  running.postgres.query(
    `select log_type as code, message, user_name as user from audit_log where log_type in (167, 168, 9850, 9851) order by audit_log_id`,
  );
const shown = (key: string) => ({ ...partsOf(key), fingerprint: 'SHA256:x' });

beforeAll(async () => {
  const { postgres } = running;
  signer = await issueFor(running.engine.folder, 'helper', proxyUsage);
  engine = await engineDoor(asking(running, 'helper'), Date.now);
  for (const [name, password] of [
    ['alice', 'Alice-Canary-1'],
    ['bob', 'Bob-Canary-1'],
  ] as const) {
    await addUser(postgres, name, password);
    await giveRole(postgres, name, 'UserRole');
  }
  aliceId = await giveKey(postgres, 'alice', alicesKey);
  bobId = await giveKey(postgres, 'bob', bobsKey);
  [mine, shared, hidden] = [await addConsole(postgres, 'mine'), await addConsole(postgres, 'shared'), await addConsole(postgres, 'hidden')];
  await permit(postgres, 'alice', mine);
  await permit(postgres, 'alice', shared);
  await permit(postgres, 'bob', shared);
});

const post = (body: string, type = 'text/plain'): Promise<Answer> =>
  running.engine.client('/ovirt-engine/services/vmconsole-proxy', { method: 'POST', body, headers: { 'content-type': type } });
const question = (fields: object): string => encodeURIComponent(JSON.stringify({ version: 1, ...fields }));
const envelope = (fields: object, by = signer, at = Date.now()): string => sealEnvelope(question(fields), by, at, 5);
const consolesOf = (userId: string) => ({ command: 'available_consoles', user_id: userId });

describe('the key that somebody shows', () => {
  it('leads to its owner, with the comment, and as the original answers', async () => {
    const { type, base64 } = partsOf(alicesKey);
    const answer = await post(envelope({ command: 'public_keys', key_fp: 'SHA256:x', key_type: type, key_content: base64 }));
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(JSON.parse(answer.body)).toEqual({
      version: '1',
      content: 'key_list',
      keys: [{ entityid: aliceId, entity: 'alice@internal', key: alicesKey }],
    });
    expect(await engine.owners(shown(newSshKey()))).toEqual([]);
  });

  it('is nobody’s while two users have it, and while its owner may not log in', async () => {
    const { postgres } = running;
    const twice = newSshKey();
    // Once more by the same user makes no second owner, and hides none.
    for (let time = 0; time < 2; time++) await giveKey(postgres, 'alice', twice);
    expect(await engine.owners(shown(twice))).toHaveLength(1);
    await giveKey(postgres, 'bob', twice);
    expect(await engine.owners(shown(twice))).toEqual([]);
    await postgres.query(`update aaa_jdbc.users set disabled = 1 where name = 'bob'`);
    expect(await engine.owners(shown(bobsKey))).toEqual([]);
    expect(await engine.consoles(bobId)).toEqual([]);
    await postgres.query(`update aaa_jdbc.users set disabled = 0 where name = 'bob'`);
    expect(await engine.owners(shown(bobsKey))).toEqual([{ id: bobId, name: 'bob@internal' }]);
  });
});

describe('the list of consoles', () => {
  it('has those that the user may connect to, and is as the original answers', async () => {
    expect(JSON.parse((await post(envelope(consolesOf(bobId)))).body)).toEqual({
      version: '1',
      content: 'console_list',
      consoles: [{ vmid: shared, vmname: 'shared', host: '127.0.0.1', console: 'default' }],
    });
    expect((await engine.consoles(aliceId)).map(({ vmName }) => vmName)).toEqual(['mine', 'shared']);
    expect(await engine.consoles('00000000-0000-0000-0000-000000000000')).toEqual([]);
  });

  it('follows permissions on clusters', async () => {
    const { postgres } = running;
    await postgres.query(`insert into permissions (role_id, ad_element_id, object_id, object_type_id)
      select r.id, '${bobId}', c.cluster_id, 9 from roles r, cluster c where r.name = 'UserVmManager' limit 1`);
    expect((await engine.consoles(bobId)).map(({ vmName }) => vmName)).toEqual(['hidden', 'mine', 'shared']);
    await postgres.query(`delete from permissions where object_type_id = 9 and ad_element_id = '${bobId}'`);
    expect((await engine.consoles(bobId)).map(({ vmName }) => vmName)).toEqual(['shared']);
  });

  it('has for administrators what their roles say', async () => {
    const admin = await idOf('users', 'admin');
    expect((await engine.consoles(admin)).map(({ vmName }) => vmName)).toEqual(['hidden', 'mine', 'shared']);
  });
});

describe('access to a console', () => {
  it('is written down, whether it is given or refused', async () => {
    expect(await engine.access({ ...attempt(mine), occasion: 'connect' })).toBe(true);
    expect(await engine.access({ ...attempt(mine), occasion: 'stay' })).toBe(true);
    expect(await engine.access({ ...attempt(mine), occasion: 'leave' })).toBe(true);
    expect(await engine.access({ ...attempt(hidden), occasion: 'connect' })).toBe(false);
    expect(await engine.access({ ...attempt(hidden), vm: { name: 'ghost\u202e' }, occasion: 'connect' })).toBe(false);
    const told = (code: number, text: string) => ({ code, user: 'alice@internal', message: `User alice@internal ${text} from 192.0.2.7.` });
    expect(await events()).toEqual([
      told(167, 'is connected to the serial console of mine'),
      told(168, 'has left the serial console of mine'),
      told(9850, 'was refused the serial console of hidden'),
      told(9850, 'was refused the serial console of ghost'),
    ]);
  });

  it('ends with the permission, with the key, and with the virtual machine', async () => {
    const { postgres } = running;
    const key = newSshKey('ecdsa');
    await giveKey(postgres, 'bob', key);
    const stays = (vm = shared): Promise<boolean> => engine.access({ ...attempt(vm, bobId, key), occasion: 'stay' });
    const undone = async (change: string, back: string): Promise<void> => {
      expect(await stays()).toBe(true);
      await postgres.query(change);
      expect(await stays()).toBe(false);
      await postgres.query(back);
    };
    await undone(
      `update permissions set object_id = gen_random_uuid() where object_id = '${shared}' and ad_element_id = '${bobId}'`,
      `update permissions set object_id = '${shared}' where object_type_id = 2 and ad_element_id = '${bobId}'`,
    );
    await undone(`update aaa_jdbc.users set disabled = 1 where name = 'bob'`, `update aaa_jdbc.users set disabled = 0 where name = 'bob'`);
    await undone(
      `update vm_dynamic set status = 0 where vm_guid = '${shared}'`,
      `update vm_dynamic set status = 1 where vm_guid = '${shared}'`,
    );
    await undone(
      `update vm_device set is_plugged = false where vm_id = '${shared}' and type = 'console'`,
      `update vm_device set is_plugged = true where vm_id = '${shared}' and type = 'console'`,
    );
    await postgres.query(`delete from user_profiles where property_content = $1`, [key]);
    expect(await stays()).toBe(false);
    expect((await events()).at(-1)).toMatchObject({ code: 9851, message: expect.stringContaining('was cut off from') as string });
    // Another key of the same user is not the one that was shown.
    expect(await engine.access({ ...attempt(shared, bobId, alicesKey), occasion: 'connect' })).toBe(false);
  });
});

describe('an envelope', () => {
  const refused = async (body: string, status = 403): Promise<void> => {
    const answer = await post(body);
    expect(answer.status, answer.body).toBe(status);
    expect(answer.body).not.toContain('consoles');
  };

  it('is good once', async () => {
    const body = envelope(consolesOf(aliceId));
    expect((await post(body)).status).toBe(200);
    await refused(body);
    await refused(`${body.slice(0, 10)}\n${body.slice(10)}`);
  });

  it('must be of now, as far as the clocks may differ', async () => {
    await refused(envelope(consolesOf(aliceId), signer, Date.now() - 30_000));
    await refused(envelope(consolesOf(aliceId), signer, Date.now() + 30_000));
    expect((await post(envelope(consolesOf(aliceId), signer, Date.now() - 10_000))).status).toBe(200);
    await running.postgres.query(`update vdc_options set option_value = '60000' where option_name = 'VMConsoleTicketTolerance'`);
    expect((await post(envelope(consolesOf(aliceId), signer, Date.now() - 30_000))).status).toBe(200);
    await running.postgres.query(`update vdc_options set option_value = '10000' where option_name = 'VMConsoleTicketTolerance'`);
  });

  it('must bear a certificate of our authority for this very use', async () => {
    const { folder } = running.engine;
    await refused(envelope(consolesOf(aliceId), await issueFor(folder, 'host', 'serverAuth,clientAuth')));
    await refused(envelope(consolesOf(aliceId), await issueFor(folder, 'any')));
    const other = await makeCertificate(folder, 'other', { subject: '/O=Test/CN=Test CA', usage: proxyUsage, days: 1 });
    const foreign = { ...signer, certificate: await readFile(other.certificate, 'utf8') };
    await refused(envelope(consolesOf(aliceId), foreign));
    await refused(envelope(consolesOf(aliceId), { ...signer, certificate: await readFile(join(folder, 'ca.pem'), 'utf8') }));
  });

  it('must hold what was signed, and a question', async () => {
    const parts = JSON.parse(Buffer.from(envelope(consolesOf(aliceId)), 'base64').toString()) as Record<string, string>;
    const changed = (fields: Record<string, unknown>): string => Buffer.from(JSON.stringify({ ...parts, ...fields })).toString('base64');
    await refused(changed({ data: question(consolesOf(bobId)) }));
    await refused(changed({ signedFields: 'salt,validFrom,validTo' }));
    await refused(changed({ v2_signature: undefined }));
    await refused(changed({ certificate: undefined }));
    for (const body of ['', 'no envelope', '{}', Buffer.from('[]').toString('base64')]) await refused(body);
    await refused(envelope({ command: 'consoles' }), 400);
    await refused(envelope({ command: 'available_consoles', user_id: 'x' }), 400);
    await refused(sealEnvelope('%', signer, Date.now(), 5), 400);
    expect((await post('x'.repeat(70_000))).status).toBe(413);
    expect((await post('{}', 'application/json')).status).toBe(415);
    expect(running.engine.log()).not.toContain(parts['v2_signature']);
  });
});

describe('the programs of the proxy', () => {
  const program = (name: string): string => join(import.meta.dirname, `../../src/services/vmconsole-proxy/${name}/main.ts`);
  let config = '';
  beforeAll(async () => {
    config = await configurationOf(asking(running, 'helper'), join(running.engine.folder, 'proxy'));
  });
  const keys = (...words: readonly string[]) =>
    execa(process.execPath, [program('keys'), `--config=${config}`, ...words], { reject: false });
  const shell = async (words: string, env: Record<string, string> = {}) => {
    const { type, base64 } = partsOf(alicesKey);
    const auth = join(running.engine.folder, 'proxy/auth');
    await execa('sh', ['-c', `printf 'publickey %s %s\\n' '${type}' '${base64}' > ${auth}`]);
    return execa(process.execPath, [program('shell'), `--config=${config}`, 'accept', `--entityid=${aliceId}`, '--entity=alice@internal'], {
      reject: false,
      env: { SSH_USER_AUTH: auth, SSH_CONNECTION: '192.0.2.7 50000 192.0.2.1 2222', SSH_ORIGINAL_COMMAND: words, ...env },
    });
  };

  it('give sshd a line that lets the owner of a key into the shell, and nothing for others', async () => {
    const { type, base64 } = partsOf(alicesKey);
    const { stdout } = await keys('SHA256:x', type, base64);
    expect(stdout).toBe(
      `restrict,pty,command="exec '${process.execPath}' '${program('shell')}' '--config=${config}' 'accept' ` +
        `'--entityid=${aliceId}' '--entity=alice@internal'" ${type} ${base64}`,
    );
    const nobody = partsOf(newSshKey());
    expect(await keys('SHA256:x', nobody.type, nobody.base64)).toMatchObject({ exitCode: 0, stdout: '' });
    expect(await keys('--check')).toMatchObject({ exitCode: 0, stdout: '' });
  });

  it('say why the engine cannot be asked', async () => {
    config = await configurationOf({ ...asking(running, 'any') }, join(running.engine.folder, 'refused'));
    expect(await keys('--check')).toMatchObject({ exitCode: 1, stdout: '', stderr: expect.stringContaining('status 403') as string });
    config = await configurationOf(
      { ...asking(running, 'helper'), baseUrl: 'https://127.0.0.1:9/ovirt-engine/' },
      join(running.engine.folder, 'away'),
    );
    expect(await keys('--check')).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('ECONNREFUSED') as string });
    expect((await shell('list')).stderr).toContain('The engine does not answer');
    config = await configurationOf(asking(running, 'helper'), join(running.engine.folder, 'proxy'));
    await expect(engineDoor({ ...asking(running, 'any') }, Date.now).then((door) => door.consoles(aliceId))).rejects.toThrow(EngineSilence);
  });

  it('list consoles, say who somebody is, help, and refuse the rest', async () => {
    expect((await shell('list')).stdout).toBe(`${mine}\tmine\n${shared}\tshared`);
    expect(JSON.parse((await shell('list --format json')).stdout)).toEqual([
      { vmid: mine, vmname: 'mine', vm: 'mine', console: `${mine}.sock` },
      { vmid: shared, vmname: 'shared', vm: 'shared', console: `${shared}.sock` },
    ]);
    expect((await shell('info')).stdout).toContain('user: alice@internal');
    expect((await shell('help')).stdout).toContain('connect [--vm-id=ID | --vm-name=NAME]');
    expect(await shell('connect --vm-name mine')).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('ssh -t') as string });
    for (const words of ['rm -rf /', 'list; id', 'list --format=xml', 'connect --vm-id=x', 'connect a b', `list ${'x'.repeat(5000)}`])
      expect(await shell(words), words).toMatchObject({ exitCode: 2, stdout: '' });
    expect(await shell('list', { SSH_USER_AUTH: '/nowhere' })).toMatchObject({ exitCode: 1, stdout: '' });
  });
});

describe('keys of users in the API', () => {
  it('are looked into: kinds, lengths, and comments that are kept', async () => {
    const path = `users/${aliceId}/sshpublickeys`;
    const asAlice = { as: alice, headers: { filter: 'true' } };
    for (const key of [newSshKey('ecdsa'), newSshKey('rsa', 3072, 'Ünïcode & more')])
      expect((await got(path, { ...asAlice, body: { content: key } }))['content']).toBe(key);
    expect((await fault(path, { ...asAlice, body: { content: newSshKey('rsa', 1024) } }))[1]).toContain(
      '2048 to 16384 bits; this one has 1024',
    );
    expect((await fault(path, { ...asAlice, body: { content: alicesKey.replace('ssh-ed25519', 'ssh-dss') } }))[1]).toContain('type');
    expect((await fault(path, { ...asAlice, body: { content: alicesKey.replace(/AAAA\w{8}/, 'AAAAAAAAAAAA') } }))[1]).toContain(
      'no public key',
    );
    expect(await fault(path, { ...asAlice, body: { content: bobsKey } })).toEqual([409, '[Another user has this key.]']);
  });
});
