import { describe, expect, test } from 'vitest';
import { file } from '#kit';
import database from '../../../../plugins/database/index.ts';
import { adminPassword, administration, engineDatabase, fields, isOurs, provisioning } from '../../../../plugins/database/settings.ts';
import { type Machine, memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { serversOf } from '../../../../src/setup/postgres/servers.ts';
import { render } from '../../../../src/setup/render/render.ts';
import { type Dialogue, dialogue, goodPassword } from '../../../support/dialogue.ts';

const where = 'OVESETUP_PROVISIONING_POSTGRES_LOCATION';
const how = 'OVESETUP_PROVISIONING_POSTGRES_ENABLED';
const fieldNames = ['HOST', 'PORT', 'SECURED', 'SECURED_HOST_VALIDATION', 'DATABASE', 'USER', 'PASSWORD'];
const questions = [where, how, ...fieldNames.map((field) => `OVESETUP_ENGINE_DB_${field}`)];
const password = 'canary-Daten-88';
const remote = { host: 'db1.example.net', port: 5432, name: 'engine', user: 'engine', password };

/** A machine beside a database server that somebody else runs. */
const besideServer = (settings: Readonly<Record<string, string>> = {}): Machine =>
  newMachine({
    names: new Map([
      ['engine.example.net', ['192.0.2.10']],
      ['db1.example.net', ['192.0.2.20']],
    ]),
    remoteDatabases: [{ ...remote, settings }],
  });

const others = { 'OVESETUP_CONFIG/adminPassword': goodPassword, 'OVESETUP_DWH_CORE/enable': false };
const ask = async (on: Parameters<typeof dialogue>[0] = {}): Promise<Dialogue & { readonly errors: readonly string[] }> => {
  const result = await dialogue({ ...on, given: { ...others, ...on.given } });
  const errors = result.dialog.logged.filter(([level]) => level === 'error').map(([, line]) => line);
  return { ...result, errors, asked: result.asked.filter((name) => questions.includes(name)) };
};
/** What a file has to say of a database elsewhere. */
const given = {
  'OVESETUP_PROVISIONING/postgresProvisioningEnabled': false,
  'OVESETUP_DB/host': remote.host,
  'OVESETUP_DB/password': password,
};
const byHand = (fields_: Readonly<Record<string, string | readonly string[]>> = {}) => ({
  [where]: 'remote',
  OVESETUP_ENGINE_DB_HOST: remote.host,
  OVESETUP_ENGINE_DB_PASSWORD: password,
  ...fields_,
});

describe('the place of the database', () => {
  test.each([
    ['is this host, made by setup, for Enter', {}, [where, how], true],
    [
      'may be this host with a database made by hand',
      { [how]: 'manual', OVESETUP_ENGINE_DB_PASSWORD: 'x' },
      questions.filter((name) => !name.endsWith('VALIDATION')),
      false,
    ],
    ['may be another host', byHand(), questions.filter((name) => name !== how && !name.endsWith('VALIDATION')), false],
  ] as const)('%s', async (_, typed, asked, ours) => {
    const result = await ask({ machine: besideServer(), typed });
    expect([...new Set(result.asked)]).toEqual(asked);
    expect(isOurs(result.answers)).toBe(ours);
  });

  test('is not asked for where a file says who makes the database', async () => {
    for (const made of [true, false]) {
      const result = await ask({
        machine: besideServer(),
        given: {
          ...given,
          'OVESETUP_DB/host': made ? 'localhost' : remote.host,
          'OVESETUP_PROVISIONING/postgresProvisioningEnabled': made,
        },
      });
      expect(result.problems).toEqual([]);
      expect(result.find(provisioning)).toBe(made);
    }
    expect((await ask({ given: { 'OVESETUP_PROVISIONING/postgresProvisioningEnabled': true }, typed: {} })).asked).toEqual([]);
  });

  test('is settled on a host that has the database already', async () => {
    const machine = newMachine();
    const put = (path: string, content: string) => machine.disk.set(path, { kind: 'file', content: Buffer.from(content), mode: 0o600 });
    put('/var/lib/pgsql/data/PG_VERSION', '18\n');
    put(
      '/etc/ovirt-engine/engine.conf.d/10-setup-database.conf',
      'ENGINE_DB_DATABASE="db"\nENGINE_DB_USER="me"\nENGINE_DB_PASSWORD="geheim"\n',
    );
    const { asked, find, answers } = await ask({ machine, typed: {} });
    expect(asked).toEqual([]);
    expect([find(fields.name), find(fields.user), find(fields.password)]).toEqual(['db', 'me', 'geheim']);
    expect(isOurs(answers)).toBe(true);
  });

  test('stays where it is when somebody else runs its server', async () => {
    const machine = newMachine({ remoteDatabases: [] });
    const content = render('engine/10-setup-database.conf', {
      ...{ host: 'db1.example.net', port: 5432, name: 'db', user: 'me', password: 'geheim' },
      ...{ secured: 'True', validated: 'True', server: 'somebody else' },
    });
    machine.disk.set('/etc/ovirt-engine/engine.conf.d/10-setup-database.conf', file(content, 0o640));
    const { asked, find, answers, problems } = await ask({ machine, typed: {} });
    expect([asked, problems]).toEqual([[], []]);
    expect([find(fields.host), find(fields.secured), find(fields.validated)]).toEqual(['db1.example.net', true, true]);
    expect(isOurs(answers)).toBe(false);
  });

  test('is a server of its own below a root', async () => {
    const { asked, find } = await ask({ sandbox: true, typed: {} });
    expect(asked).toEqual([]);
    expect([find(fields.host), find(fields.port), find(provisioning)]).toEqual(['localhost', 15432, true]);
    const { problems } = await ask({ sandbox: true, given: { ...given } });
    expect(problems.map(({ message }) => message)).toEqual([
      'OVESETUP_PROVISIONING/postgresProvisioningEnabled (a.conf:1): Below a root the database server is one of its own',
      'OVESETUP_DB/host (a.conf:1): Below a root the database is one of its own, on localhost',
    ]);
  });
});

describe('a database that setup makes', () => {
  test('has its way in settled without asking, and passwords made up', async () => {
    const { answers, find } = await ask({ typed: {} });
    const at = engineDatabase(answers);
    expect(at).toEqual({ host: 'localhost', port: 5432, name: 'engine', user: 'engine', password: find(fields.password) });
    // The kernel says who root is: the administrator has no password.
    const socket = { host: '/var/run/postgresql', port: 5432, name: 'postgres', user: 'postgres', password: '' };
    expect(administration(answers)).toEqual(socket);
    expect(find(adminPassword)).toBeUndefined();
    expect(find(fields.password)).toMatch(/^[\w-]{22}$/);
  });

  test('has an administrator with a password in a trial, whose server has no socket', async () => {
    const { answers, find } = await ask({ sandbox: true, typed: {} });
    expect(find(adminPassword)).toMatch(/^[\w-]{22}$/);
    const at = engineDatabase(answers);
    expect(at).toMatchObject({ host: 'localhost', port: 15432 });
    expect(administration(answers)).toEqual({ ...at, name: 'postgres', user: 'postgres', password: find(adminPassword) });
  });

  test.each([
    ['OVESETUP_DB/host', 'db1.example.net', 'A database that Setup makes is on this host: localhost is expected'],
    ['OVESETUP_DB/port', 443, 'Port 443 is wanted for HTTPS already'],
    ['OVESETUP_DB/port', 0, 'a whole number from 1 to 65535 is expected'],
    [
      'OVESETUP_DB/database',
      'En-gine',
      '"En-gine" must begin with a small letter and hold only small letters, digits and underscores, at most 63',
    ],
    ['OVESETUP_DB/user', '1', '"1" must begin with a small letter and hold only small letters, digits and underscores, at most 63'],
    ['OVESETUP_DB/password', 'short', 'The database password is shorter than 6 characters'],
    ['OVESETUP_DB/secured', 'perhaps', 'Yes or No is expected'],
  ])('has no %s=%j, whether or not somebody is there', async (key, value, why) => {
    for (const typed of [undefined, {}]) {
      const { problems } = await ask({ machine: besideServer(), given: { [key]: value }, ...(typed === undefined ? {} : { typed }) });
      expect(problems.map(({ message }) => message)).toEqual([`${key} (a.conf:1): ${why}`]);
    }
  });
});

describe('a database that somebody else has made', () => {
  test('is told how, and asked for with its defaults', async () => {
    const { dialog, answers, problems } = await ask({ machine: besideServer(), typed: byHand() });
    expect(problems).toEqual([]);
    const asked = dialog.asked.filter(({ name }) => name.startsWith('OVESETUP_ENGINE_DB'));
    expect(asked.map(({ text, initial, hidden }) => [text, initial, hidden])).toEqual([
      ['Engine database host', 'localhost', false],
      ['Engine database port', '5432', false],
      ['Engine database secured connection', 'No', false],
      ['Engine database name', 'engine', false],
      ['Engine database user', 'engine', false],
      ['Engine database password', undefined, true],
    ]);
    expect(asked[0]?.notes?.join('\n')).toContain("create role engine with login encrypted password '<password>';");
    expect(engineDatabase(answers)).toEqual(remote);
    expect(administration(answers)).toEqual(remote);
  });

  test.each([
    ['no', '', undefined],
    ['yes', '', 'verified'],
    ['yes', 'no', 'required'],
  ])('is reached with TLS as the answers %j and %j say', async (secured, validated, tls) => {
    const typed = byHand({ OVESETUP_ENGINE_DB_SECURED: secured, OVESETUP_ENGINE_DB_SECURED_HOST_VALIDATION: validated });
    const { answers, asked } = await ask({ machine: besideServer(), typed });
    expect(engineDatabase(answers).tls).toBe(tls);
    expect(asked.includes('OVESETUP_ENGINE_DB_SECURED_HOST_VALIDATION')).toBe(secured === 'yes');
  });

  test('has a host that resolves', async () => {
    const { errors, find } = await ask({
      machine: besideServer(),
      typed: byHand({ OVESETUP_ENGINE_DB_HOST: ['bad_name', 'db2.example.net', remote.host] }),
    });
    expect(errors).toEqual([
      'Host name is not valid: only letters, digits, hyphens and dots may stand in it',
      expect.stringContaining('Host name is not valid: db2.example.net did not resolve into an IP address'),
    ]);
    expect(find(fields.host)).toBe(remote.host);
  });

  test('may have several hosts, each of which is judged, and the first that lets us in is used', async () => {
    const machine = { ...besideServer(), names: new Map([...besideServer().names, ['db2.example.net', ['192.0.2.21']]]) };
    const { errors, answers } = await ask({
      machine,
      typed: byHand({
        OVESETUP_ENGINE_DB_HOST: [
          'db2.example.net,bad_name',
          'db2.example.net:x,db1.example.net',
          'db2.example.net,db2.example.net',
          'db2.example.net:5433, db1.example.net',
        ],
      }),
    });
    expect(errors).toEqual([
      'Host name is not valid: only letters, digits, hyphens and dots may stand in it',
      expect.stringContaining('"db2.example.net:x" is no host of a database'),
      'db2.example.net is named twice',
    ]);
    expect(engineDatabase(answers)).toEqual({ ...remote, host: 'db2.example.net:5433, db1.example.net' });
    expect(serversOf(engineDatabase(answers))).toEqual([
      { host: 'db2.example.net', port: 5433 },
      { host: 'db1.example.net', port: 5432 },
    ]);
  });

  test.each([
    ['OVESETUP_ENGINE_DB_PORT', ['5433', '5432']],
    ['OVESETUP_ENGINE_DB_USER', ['other', 'engine']],
    ['OVESETUP_ENGINE_DB_DATABASE', ['other', 'engine']],
    ['OVESETUP_ENGINE_DB_PASSWORD', ['wrong', password]],
  ])('is asked for again as a whole where there is no way in: %s', async (name, replies) => {
    const { errors, asked, answers, problems } = await ask({ machine: besideServer(), typed: byHand({ [name]: replies }) });
    expect(errors).toEqual([expect.stringMatching(/^Cannot connect to the database \w+@db1\.example\.net:\d+\/\w+: /)]);
    const once = ['HOST', 'PORT', 'SECURED', 'DATABASE', 'USER', 'PASSWORD'].map((field) => `OVESETUP_ENGINE_DB_${field}`);
    expect(asked).toEqual([where, ...once, ...once]);
    expect(problems).toEqual([]);
    expect(engineDatabase(answers)).toEqual(remote);
  });

  test('is asked for again with what was typed as defaults', async () => {
    const typed = byHand({ OVESETUP_ENGINE_DB_USER: ['other', 'engine'], OVESETUP_ENGINE_DB_PORT: ['05432', ''] });
    const { dialog } = await ask({ machine: besideServer(), typed });
    const again = dialog.asked.filter(({ name }) => name.startsWith('OVESETUP_ENGINE_DB')).slice(6);
    expect(again.map(({ initial }) => initial)).toEqual(['db1.example.net', '5432', 'No', 'engine', 'other', undefined]);
  });

  test('that is given in a file is tried, and refused with its place where there is no way in', async () => {
    expect((await ask({ machine: besideServer(), given })).problems).toEqual([]);
    const { problems, dialog } = await ask({ machine: besideServer(), given: { ...given, 'OVESETUP_DB/password': 'wrong-canary' } });
    expect(problems).toMatchObject([
      {
        id: 'OVESETUP_DB/password',
        message: expect.stringContaining(
          'OVESETUP_DB/password (a.conf:1): Cannot connect to the database engine@db1.example.net:5432/engine: ',
        ),
      },
    ]);
    expect(JSON.stringify([problems, dialog])).not.toContain('wrong-canary');
  });

  test('has a server with the settings that the engine needs: all that differ are told at once, with what mends them', async () => {
    const settings = { server_encoding: 'SQL_ASCII', max_connections: '100', work_mem: '4096', autovacuum_vacuum_scale_factor: '0.2' };
    const { problems } = await ask({ machine: besideServer(settings), given });
    expect(problems.map(({ message }) => message)).toEqual([
      [
        'OVESETUP_DB/password (a.conf:1): The server of engine@db1.example.net:5432/engine has to be configured first:',
        'server_encoding is SQL_ASCII, needed is equal to UTF8',
        'max_connections is 100, needed is at least 150',
        'autovacuum_vacuum_scale_factor is 0.2, needed is at most 0.01',
        'work_mem is 4MB, needed is at least 8MB',
        'The connection goes over the network without TLS: others can read it',
        'Whoever administers that server mends it with this, in a shell on its host:',
        "    printf '%s\\n' \\",
        "      'ALTER SYSTEM SET max_connections = 150;' \\",
        "      'ALTER SYSTEM SET autovacuum_vacuum_scale_factor = 0.01;' \\",
        `      'ALTER SYSTEM SET work_mem = "8MB";' \\`,
        "      'DROP DATABASE engine;' \\",
        `      'CREATE DATABASE engine OWNER engine TEMPLATE template0 ENCODING UTF8 LC_COLLATE "C" LC_CTYPE "C";' \\`,
        "      'REVOKE ALL ON DATABASE engine FROM PUBLIC;' \\",
        '      | sudo -u postgres psql',
        '    sudo systemctl restart postgresql',
      ].join('\n'),
    ]);
  });

  test('has a server that is not too old, and a warning where others could listen', async () => {
    const { problems } = await ask({ machine: besideServer({ server_version: '12.22', server_version_num: '120022' }), given });
    expect(problems[0]?.message).toContain('\nPostgreSQL 12.22 is too old, needed is at least 13');
    const { dialog } = await ask({ machine: besideServer(), typed: byHand() });
    expect(dialog.logged).toContainEqual(['warning', 'The connection goes over the network without TLS: others can read it']);
    const secured = await ask({ machine: besideServer(), typed: byHand({ OVESETUP_ENGINE_DB_SECURED: 'yes' }) });
    expect(secured.dialog.logged.map(([level]) => level)).not.toContain('warning');
  });

  test('on this host is told step by step', async () => {
    const machine = besideServer();
    await memoryHost(machine).packages.install(['postgresql-15']);
    const typed = { [how]: 'manual', OVESETUP_ENGINE_DB_PASSWORD: 'x' };
    for (const there of [false, true]) {
      const { dialog } = await ask({ machine: there ? machine : besideServer(), typed });
      const notes = dialog.asked.find(({ name }) => name === 'OVESETUP_ENGINE_DB_HOST')?.notes?.map(String) ?? [];
      const shown = JSON.stringify(notes.length > 0 ? dialog.asked.find(({ name }) => name === 'OVESETUP_ENGINE_DB_HOST')?.notes : []);
      expect(shown.includes('apt-get install postgresql-15')).toBe(!there);
      for (const piece of [
        'CREATE ROLE engine LOGIN;',
        'host \\"engine\\" \\"engine\\" ::1/128',
        'restart postgresql@15-main',
        '\\password engine',
      ])
        expect(shown).toContain(piece.replaceAll('\\', '\\').replace('\\password', '\\\\password'));
    }
  });

  test.each([
    { server_encoding: 'UTF-8' },
    { server_encoding: 'utf8' },
    { max_connections: '150' },
    { autovacuum_vacuum_scale_factor: '0.005' },
    { maintenance_work_mem: '1000000' },
  ])('may have a server with more than that: %j', async (settings) => {
    expect((await ask({ machine: besideServer(settings), given })).problems).toEqual([]);
  });

  test('has to be given a password, and no step of setup touches its server', async () => {
    const { 'OVESETUP_DB/password': _, ...open } = given;
    expect((await ask({ machine: besideServer(), given: open })).problems).toMatchObject([
      { id: 'OVESETUP_DB/password', message: expect.stringContaining('is not given') },
    ]);
    const { answers } = await ask({ machine: besideServer(), given });
    expect(database.steps?.(answers)).toEqual([]);
    expect(await database.preflight?.(answers, memoryHost(newMachine({ foreignPorts: new Map([[5432, 'x']]) })))).toEqual([]);
  });
});
