import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseUnit } from '../../../../src/setup/host/unit-file.ts';
import { splitWords, withoutSpecifiers } from '../../../../src/setup/host/unit-words.ts';

const service = (...lines: readonly string[]): string => ['[Service]', 'ExecStart=/bin/true', ...lines].join('\n');
const parse = (text: string) => parseUnit(text, '/etc/systemd/system/x.service');

describe('a unit file', () => {
  test('is read with everything that a sandbox supports', () => {
    const text = `
# a comment
[Unit]
Description=An engine at 100%%
After=network.target postgresql.service
After=other.service
Wants=a.service
Requires=b.service

[Service]
Type=notify
ExecStart="/opt/my node/bin/node" --flag 'a b' "say \\"hi\\"" \\
  ; a comment inside
  100%% $$HOME tab\\there
ExecReload=/bin/kill -HUP $MAINPID
Environment="NAME=a b" OTHER=100%%
Environment=MORE=
WorkingDirectory=/var/lib/a dir
Restart=on-failure
RestartSec=1min 500ms
TimeoutStopSec=20
KillSignal=SIGINT
KillMode=mixed
UMask=0027
User=ovirt
Group=ovirt
StandardOutput=append:/var/log/a log
StandardError=append:/var/log/errors
NoNewPrivileges=yes
ProtectSystem=strict
NotifyAccess=all
TimeoutStartSec=5min
WatchdogSec=2min

[Install]
WantedBy=multi-user.target
`;
    expect(parse(text)).toEqual({
      argv: ['/opt/my node/bin/node', '--flag', 'a b', 'say "hi"', '100%', '$HOME', 'tab\there'],
      reloads: true,
      environment: { NAME: 'a b', OTHER: '100%', MORE: '' },
      directory: '/var/lib/a dir',
      restart: 'on-failure',
      restartMs: 60_500,
      stopMs: 20_000,
      killSignal: 'SIGINT',
      signalAll: false,
      umask: 0o027,
      stdout: '/var/log/a log',
      stderr: '/var/log/errors',
    });
  });

  test('needs no more than a command', () => {
    expect(parse(service())).toMatchObject({
      argv: ['/bin/true'],
      restart: 'no',
      killSignal: 'SIGTERM',
      signalAll: true,
      umask: 0o022,
      reloads: false,
    });
  });

  test('lets an empty value take back what stood before', () => {
    expect(parse(service('ExecStart=', 'ExecStart=/bin/false', 'Environment=A=1', 'Environment=', 'Environment=B=2'))).toMatchObject({
      argv: ['/bin/false'],
      environment: { B: '2' },
    });
  });

  test.each([
    [service('Sockets=a.socket'), 3, 'Sockets is not supported in [Service]'],
    [service('execstart=/bin/false'), 3, 'execstart is not supported'],
    [service('constructor=x'), 3, 'constructor is not supported'],
    [service('[Timer]'), 3, 'the section [Timer] is not supported'],
    [service('[constructor]'), 3, 'the section [constructor] is not supported'],
    [service('nonsense'), 3, 'a section or key=value is expected'],
    ['ExecStart=/bin/true', 1, 'ExecStart stands before the first section'],
    ['[Service]\nType=exec', 2, 'ExecStart is missing'],
    ['[Unit]\nExecStart=/bin/true', 2, 'ExecStart is not supported in [Unit]'],
    [service('Type=oneshot'), 3, 'Type: exec or simple or notify is expected'],
    [service('ExecStart=/bin/false'), 3, 'a single ExecStart is expected'],
    ['[Service]\nExecStart=-/bin/true', 2, 'absolute path of a program'],
    ['[Service]\nExecStart=true', 2, 'absolute path of a program'],
    ['[Service]\nExecStart=/bin/true ; /bin/false', 2, 'a single command'],
    ['[Service]\nExecStart=/bin/echo $HOME', 2, 'variables are not supported'],
    ['[Service]\nExecStart=/bin/echo $$$HOME', 2, 'variables are not supported'],
    ['[Service]\nExecStart=/bin/echo %n', 2, 'the specifier %n is not supported'],
    ['[Service]\nExecStart=/bin/echo %%%', 2, 'the specifier % is not supported'],
    ['[Service]\nExecStart=/bin/echo "open', 2, 'the quote " is not closed'],
    ['[Service]\nExecStart=/bin/echo "a"b', 2, 'a space is expected'],
    ['[Service]\nExecStart=/bin/echo a"b"', 2, 'around a whole word'],
    ['[Service]\nExecStart=/bin/echo \\q', 2, 'unknown escape'],
    ['[Service]\nExecStart=/bin/echo \\x00', 2, 'unknown escape'],
    [service('ExecReload=/bin/kill -9 $MAINPID'), 3, 'only /bin/kill -HUP $MAINPID'],
    [service('Environment=1A=x'), 3, 'NAME=value is expected'],
    [service('WorkingDirectory=~'), 3, 'an absolute path'],
    [service('Restart=sometimes'), 3, 'no or on-failure or always'],
    [service('RestartSec=soon'), 3, 'a time'],
    [service('RestartSec=5 constructor'), 3, 'a time'],
    [service('TimeoutStopSec=infinity'), 3, 'a time'],
    [service('TimeoutStopSec=2h'), 3, 'a time'],
    [service('KillSignal=SIGSTOP'), 3, 'a signal'],
    [service('KillMode=none'), 3, 'mixed or process or control-group'],
    [service('UMask=9'), 3, 'an octal mode'],
    [service('StandardOutput=journal'), 3, 'append:/path'],
    [service('StandardError=append:relative'), 3, 'an absolute path'],
    [service('WorkingDirectory=/a\u0007b'), 3, 'control characters'],
  ])('is refused with file and line: %j', (text, line, why) => {
    expect(() => parse(text)).toThrow(`/etc/systemd/system/x.service, line ${line}: `);
    expect(() => parse(text)).toThrow(why);
  });

  test('of any content is read or refused, but never breaks the reader', () => {
    const line = fc.oneof(
      fc.string(),
      fc.constantFrom('[Service]', '[Unit]', 'ExecStart=/bin/true', 'ExecStart="', 'Environment=\\', '%', '\\'),
      fc.string({ unit: 'binary' }),
    );
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        try {
          expect(parse(lines.join('\n')).argv[0]).toMatch(/^\//);
        } catch (error) {
          expect((error as Error).message).toMatch(/^\/etc\/systemd\/system\/x\.service, line \d+: /);
        }
      }),
    );
  });
});

describe('the words of a value', () => {
  const quote = (word: string): string =>
    `"${word.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n').replaceAll('\t', '\\t').replaceAll('%', '%%').replaceAll('$', '$$$$')}"`;

  test('survive quoting, whatever they are', () => {
    const words = fc.array(
      fc.string({ unit: fc.constantFrom('a', ' ', '\t', '\n', '"', "'", '\\', '%', '$', ';', '#', 'é', '😀', '=', '-') }),
    );
    fc.assert(
      fc.property(words, (args) => {
        expect(parse(service('ExecStart=', `ExecStart=/bin/echo ${args.map(quote).join(' ')}`.trimEnd())).argv).toEqual([
          '/bin/echo',
          ...args,
        ]);
      }),
    );
  });

  test('are split at white space, with escapes resolved', () => {
    expect(splitWords('  a\tb  "c d" \'e "f"\' \\x41\\101\\u00e9\\s. ')).toEqual(['a', 'b', 'c d', 'e "f"', 'AAé .']);
    expect(splitWords('')).toEqual([]);
    expect(splitWords('""')).toEqual(['']);
    expect(withoutSpecifiers('50%% of %%n')).toBe('50% of %n');
  });
});
