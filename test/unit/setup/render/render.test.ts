import { readdirSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseConf } from '../../../../src/services/frame/conf-parser.ts';
import { parseUnit } from '../../../../src/setup/host/unit-file.ts';
import { programDirectory } from '../../../../src/setup/paths.ts';
import { unifiedDiff } from '../../../../src/setup/render/diff.ts';
import { confValue, render, unitPath, unitVariable, unitWord } from '../../../../src/setup/render/render.ts';
import { shippedMigrations, shippedPath, shippedText } from '../../../../src/setup/render/shipped.ts';

/** Texts on a single line, of the characters that mean something to somebody. */
const nasty = fc.string({
  unit: fc.constantFrom(
    'a',
    ' ',
    '"',
    "'",
    '\\',
    '$',
    '${A}',
    '%',
    '%n',
    '#',
    ';',
    '=',
    '\t',
    'é',
    '🐢',
    '\u2028',
    '\u0085',
    '`',
    '!',
    '*',
  ),
});
const singleLine = fc
  .oneof(nasty, fc.string(), fc.string({ unit: 'binary' }))
  .filter((text) => !/[\0\r\n]/.test(text) && text.isWellFormed());

describe('a value of a configuration file', () => {
  const readBack = (text: string) => {
    const values = new Map<string, { value: string; place: string }>([['A', { value: 'expanded', place: '' }]]);
    expect(parseConf(text, 'x.conf', values)).toEqual([]);
    return values;
  };

  test('is read back by the engine as it was, whatever stands in it', () => {
    fc.assert(
      fc.property(singleLine, (value) => {
        expect(readBack(`KEY=${confValue(value)}\n`).get('KEY')?.value).toBe(value);
      }),
      { numRuns: 500 },
    );
  });

  test('comes through the template of the database file', () => {
    fc.assert(
      fc.property(singleLine, singleLine, (password, name) => {
        const values = readBack(
          render('engine/10-setup-database.conf', {
            host: 'localhost',
            port: 5432,
            user: 'u',
            password,
            name,
            secured: 'False',
            validated: 'False',
            server: 'setup',
          }),
        );
        expect([
          values.get('ENGINE_DB_PASSWORD')?.value,
          values.get('ENGINE_DB_DATABASE')?.value,
          values.get('ENGINE_DB_PORT')?.value,
        ]).toEqual([password, name, '5432']);
      }),
    );
  });

  test.each(['a\nENGINE_FQDN="x"', 'a\rb', 'a\0b'])('cannot be %j: it would set something else', (value) => {
    for (const write of [confValue, unitWord, unitVariable, unitPath]) expect(() => write(value)).toThrow('a line break or a zero byte');
  });

  test.each([undefined, null])('cannot be %j', (value) => {
    for (const write of [confValue, unitWord, unitVariable, unitPath]) expect(() => write(value)).toThrow('data that is not there');
  });
});

describe('the unit files', () => {
  // What a path on disk may be made of; other control characters are refused for a root.
  const words = fc.array(
    nasty.filter((text) => !/\u0085/.test(text)),
    { minLength: 1, maxLength: 5 },
  );
  const paths = nasty.filter((text) => !/[\t\u0085]/.test(text)).map((text) => `/opt/${text}/x`);
  const given = { command: ['/bin/node'], environment: ['A=b'], writable: ['/w'], capabilities: [], groups: [], logFile: '/var/log/x' };
  const engine = (data: object) => parseUnit(render('systemd/ovirt-engine.service', { ...given, ...data }), 'x.service');

  test('give back every word of a command', () => {
    fc.assert(
      fc.property(words, (list) => {
        const command = ['/opt/a b/node', ...list];
        expect(engine({ command }).argv).toEqual(command);
        expect(parseUnit(render('systemd/postgresql.service', { command, logFile: '/x' }), 'x.service').argv).toEqual(command);
      }),
    );
  });

  test('give back every variable of the environment', () => {
    fc.assert(
      fc.property(words, (list) => {
        const environment = Object.fromEntries(list.map((value, index) => [`NAME_${index}`, value]));
        expect(engine({ environment: Object.entries(environment).map(([name, value]) => `${name}=${value}`) }).environment).toEqual(
          environment,
        );
      }),
    );
  });

  test('give back every path of a log', () => {
    fc.assert(
      fc.property(paths, (logFile) => {
        const { stdout, stderr } = engine({ logFile });
        expect([stdout, stderr]).toEqual([logFile, logFile]);
      }),
    );
  });

  test.each(['ovirt-engine', 'ovirt-engine-dwhd', 'ovirt-engine-notifier', 'ovirt-fence-kdump-listener', 'ovirt-websocket-proxy'])(
    'of %s is hardened, tells of its state, and names an account only if it has one',
    (unit) => {
      const text = render(`systemd/${unit}.service`, given);
      expect(parseUnit(text, unit).argv).toEqual(['/bin/node']);
      for (const line of ['Type=notify', 'NotifyAccess=all', 'NoNewPrivileges=yes', 'ProtectSystem=strict', 'ReadWritePaths=/w'])
        expect(text.split('\n')).toContain(line);
      expect(text).not.toMatch(/User=|RuntimeDirectory|CacheDirectory|journal/);
      const { writable: _, ...whole } = { ...given, unit, account: 'ovirt' };
      const lines = render(`systemd/${unit}.service`, whole).split('\n');
      for (const line of [
        'User=ovirt',
        'Group=ovirt',
        `RuntimeDirectory=ovirt-engine/${unit}`,
        `CacheDirectory=ovirt-engine/${unit}`,
        'StandardOutput=append:/var/log/x',
        'StandardError=journal',
      ])
        expect(lines).toContain(line);
      expect(lines.filter((line) => line.startsWith('ReadWritePaths'))).toEqual([]);
    },
  );

  test('quote only what needs it', () => {
    expect(['/usr/bin/node', 'a b', '', '100%', '$HOME', 'x;y', "it's", 'A=b'].map(unitWord)).toEqual([
      '/usr/bin/node',
      '"a b"',
      '""',
      '100%%',
      '$$HOME',
      '"x;y"',
      `"it's"`,
      'A=b',
    ]);
    expect(unitVariable('A=$HOME 5%')).toBe('"A=$HOME 5%%"');
    expect(unitPath('/a b/5%')).toBe('/a b/5%%');
  });
});

describe('a template', () => {
  const templates = readdirSync(`${programDirectory}/templates`, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.hbs'))
    .map((name) => name.replace(/\.hbs$/, ''));

  test.each(templates)('%s is not rendered without its data, and the error names it', (name) => {
    expect(() => render(name, {})).toThrow(`templates/${name}.hbs: `);
  });

  test.each([
    [
      'engine/10-setup-database.conf',
      { host: 'h', port: 1, user: 'u', password: 'p', name: 'n', secured: 'True', validated: 'True', server: 'somebody else' },
    ],
    [
      'engine/10-setup-pki.conf',
      {
        ...{ home: 'h', authority: 'a', engine: 'e', engineKey: 'y', web: { certificate: 'c', key: 'k' } },
        ...{ truststore: 't', engineStore: 's', storePassword: 'p' },
      },
    ],
    ['engine/10-setup-protocols.conf', { fqdn: 'f', httpsPort: 1, healthSocket: 's' }],
    ['engine/11-setup-sso.conf', { httpsPort: 1, secret: 's' }],
    ['postgres/pg_hba.conf', { database: 'd', user: 'u' }],
    ['systemd/postgresql.service', { command: ['/c'], logFile: 'l' }],
    ['systemd/ovirt-engine.service', { command: ['/c'], environment: ['A=b'], capabilities: ['CAP_NET_BIND_SERVICE'], logFile: 'l' }],
    ['system/logrotate', { patterns: ['/p'] }],
    ['system/tmpfiles.conf', { folders: ['/var/log/x'] }],
    ['system/sysusers.conf', { accounts: [{ name: 'n', about: 'a', home: '/' }], engine: 'e', readers: ['r'] }],
  ] as const)('%s needs every single datum', (name, data) => {
    expect(render(name, data)).not.toMatch(/undefined|\[object|\{\{/);
    for (const missing of Object.keys(data)) {
      const less = Object.fromEntries(Object.entries(data).filter(([key]) => key !== missing));
      expect(() => render(name, less), `without ${missing}`).toThrow(`templates/${name}.hbs: `);
    }
  });

  test('every template is among those tried here', () => {
    expect(templates.length).toBeGreaterThanOrEqual(7);
  });

  test('escapes nothing for HTML', () => {
    expect(render('postgres/pg_hba.conf', { database: 'a<&>"b', user: 'u' })).toContain('"a<&>"b"');
  });

  test('that does not exist is an error', () => {
    expect(() => render('no/such', {})).toThrow('no/such');
  });
});

describe('what ships with the program', () => {
  test('is found below its own folder', () => {
    expect(JSON.parse(shippedText('package.json'))).toMatchObject({ name: 'engine-setup' });
    expect(shippedPath('a/b')).toBe(`${programDirectory}/a/b`);
  });

  test.each(['src/services/engine/schema/engine', 'src/services/engine/schema/aaa_jdbc'])(
    'in %s are migrations in the order of their versions',
    (folder) => {
      const migrations = shippedMigrations(folder);
      expect(migrations.length).toBeGreaterThan(0);
      const versions = migrations.map(({ version }) => version);
      expect(versions).toEqual([...new Set(versions)].sort());
      for (const { version, script, sql, checksum } of migrations) {
        expect(version).toMatch(/^\d{8}$/);
        expect(script.replaceAll('_', '')).toContain(version);
        expect(sql).not.toBe('');
        expect(checksum).toMatch(/^[0-9a-f]{64}$/);
      }
    },
  );
});

test('a difference shows the old and the new lines with their surroundings', () => {
  expect(unifiedDiff('/etc/x', 'a\nb\nc\nd\ne\nf\n', 'a\nb\nc\nD\ne\nf\n').split('\n')).toEqual(
    expect.arrayContaining(['-d', '+D', ' c', ' e']),
  );
  expect(unifiedDiff('/etc/x', '', 'new\n')).toContain('+new');
});
