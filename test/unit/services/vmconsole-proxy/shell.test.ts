import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, test } from 'vitest';
import { type Attempt, type EngineDoor, EngineSilence, type SerialConsole } from '../../../../src/services/vmconsole-proxy/engine-door.ts';
import { authorizedKey } from '../../../../src/services/vmconsole-proxy/keys/authorized-keys.ts';
import { accept, type Surroundings } from '../../../../src/services/vmconsole-proxy/shell/accept.ts';
import { readCommand } from '../../../../src/services/vmconsole-proxy/shell/command.ts';
import { sshArguments } from '../../../../src/services/vmconsole-proxy/shell/host-connection.ts';
import { choose, menuLines } from '../../../../src/services/vmconsole-proxy/shell/menu.ts';

const id = (number: number): string => `00000000-0000-0000-0000-00000000000${number}`;
const machine = (number: number, vmName = `vm${number}`): SerialConsole => ({ vmId: id(number), vmName, host: 'host.example.net' });
const key = { type: 'ssh-ed25519', base64: 'AAAA' };
const user = { id: id(9), name: 'alice@internal' };
const host = { port: 2223, user: 'ovirt-vmconsole', key: '/k', certificate: '/c', knownHosts: '/h' };

describe('the line for sshd', () => {
  const line = (name: string): string => authorizedKey(key, { id: id(9), name }, ['/usr/bin/node', '/shell.ts']);

  test('lets in to the shell alone', () => {
    expect(line('alice@internal')).toBe(
      `restrict,pty,command="exec '/usr/bin/node' '/shell.ts' 'accept' '--entityid=${id(9)}' '--entity=alice@internal'" ssh-ed25519 AAAA\n`,
    );
  });

  test.each(["a'; id; '", 'a" ssh-rsa', 'a\nb', 'a`id`', '$(id)', 'a\\', 'a\u202eb', 'ä ö'])(
    'takes no command from the name %j',
    (name) => {
      const [, inside = ''] = /'--entity=([^']*)'" ssh-ed25519 AAAA\n$/.exec(line(name)) ?? [];
      expect(inside).toMatch(/^[\p{L}\p{N}@.+_-]+$/u);
      expect(line(name).split('\n')).toHaveLength(2);
    },
  );

  test('is not made for an id that is none', () => {
    expect(() => authorizedKey(key, { id: "x' y", name: 'a' }, ['/n'])).toThrow('no id');
    expect(() => authorizedKey(key, user, ["/it's"])).toThrow('quoted');
  });
});

describe('the words of a user', () => {
  test.each([
    ['', { command: 'menu' }],
    ['  connect ', { command: 'menu' }],
    [`connect --vm-id ${id(1).toUpperCase()}`, { command: 'connect', vm: { id: id(1) } }],
    ['connect --vm-name=a.b_c', { command: 'connect', vm: { name: 'a.b_c' } }],
    ['list', { command: 'list', format: 'plain' }],
    ['list --format json', { command: 'list', format: 'json' }],
    ['info', { command: 'info' }],
    ['help', { command: 'help' }],
  ])('%j', (words, wish) => expect(readCommand(words)).toEqual(wish));

  test.each([
    'id',
    'list --format',
    'list --all',
    'connect --vm-id=1',
    `connect --vm-id=${id(1)} --vm-name=a`,
    'connect --vm-name=',
    'info x',
    'x'.repeat(5000),
  ])('mean nothing: %.40s', (words) => expect(() => readCommand(words)).toThrow(/See: help|UUID|both|missing|long/));
});

describe('the menu', () => {
  test('has numbers of one width, and nothing that a terminal would obey', () => {
    expect(menuLines([machine(1, 'a\u001b[2J\u202e'), machine(2)])).toEqual([`01 a?[2J?[${id(1)}]`, `02 vm2[${id(2)}]`]);
    expect(menuLines(Array.from({ length: 100 }, (_, at) => machine(at % 9)))[0]).toMatch(/^001 /);
  });

  test.each([
    ['2\n', 'vm2'],
    ['0\n3\nx\n-1\n1e0\n 1 \n', 'vm1'],
    ['exit\n', undefined],
    ['', undefined],
  ])('is answered with %j', async (answer, name) => {
    const [input, output] = [new PassThrough(), new PassThrough()];
    input.end(answer);
    expect((await choose([machine(1), machine(2)], { input, output }))?.vmName).toBe(name);
  });
});

describe('the way to a host', () => {
  test('trusts nothing but its certificate, and forwards nothing', () => {
    const words = sshArguments(machine(1), host);
    for (const option of [
      'StrictHostKeyChecking=yes',
      'UserKnownHostsFile=/h',
      'GlobalKnownHostsFile=none',
      'IdentitiesOnly=yes',
      'ClearAllForwardings=yes',
    ])
      expect(words).toContain(option);
    expect(words.slice(-3)).toEqual(['--', 'host.example.net', `connect --console=${id(1)}.sock`]);
  });

  test.each(['-oProxyCommand=id', '', 'a b', 'a;b', 'a\nb', '$x'])('is none to %j', (address) => {
    expect(() => sshArguments({ ...machine(1), host: address }, host)).toThrow('cannot be one');
    expect(() => sshArguments({ ...machine(1), vmId: '../x' }, host)).toThrow('cannot be one');
  });
});

describe('a session', () => {
  const children: ChildProcess[] = [];
  afterEach(() => children.splice(0).forEach((child) => child.kill('SIGKILL')));

  /** An engine that answers what it is told to, in turn; the last answer is the one that stays. */
  function fixture(answers: readonly (boolean | 'silent')[], more: { readonly graceMs?: number; readonly program?: string } = {}) {
    const asked: string[] = [];
    const said: string[] = [];
    const left = [...answers];
    const engine: EngineDoor = {
      owners: async () => [],
      consoles: async () => [machine(1)],
      async access({ occasion, vm }: Attempt) {
        asked.push(`${occasion} ${Object.values(vm).join()}`);
        if (occasion === 'leave') return true;
        const answer = left.length > 1 ? left.shift() : left[0];
        if (answer === 'silent') throw new EngineSilence('it is away');
        return answer === true;
      },
    };
    const gone = new AbortController();
    const around: Surroundings = {
      engine,
      settings: {
        engine: { baseUrl: 'https://e/', ca: '', verifyHost: true, certificate: '', key: '' },
        host,
        checkMs: 20,
        graceMs: more.graceMs ?? 60_000,
      },
      terminal: { input: new PassThrough(), output: new PassThrough(), isTerminal: true },
      print: (text) => void said.push(text),
      complain: (line) => void said.push(line),
      connect: () => {
        const child = spawn('sh', ['-c', more.program ?? 'sleep 60'], { stdio: 'ignore' });
        children.push(child);
        return child;
      },
      gone: gone.signal,
      now: Date.now,
    };
    const run = (words = ''): Promise<number> => accept({ user, key, source: '192.0.2.7', words }, around);
    return { run, asked, said, gone };
  }

  test('lasts until its program ends, with that one’s exit code', async () => {
    const { run, asked, said } = fixture([true], { program: 'exit 3' });
    expect(await run()).toBe(3);
    expect(asked).toEqual([`connect ${id(1)}`, `leave ${id(1)}`]);
    expect(said).toEqual([]);
    const lost = fixture([true], { program: 'exit 255' });
    expect(await lost.run()).toBe(1);
    expect(lost.said.join()).toContain('cannot be reached');
  });

  test('is not begun without permission', async () => {
    const { run, asked, said } = fixture([false]);
    expect(await run()).toBe(1);
    expect([asked, said]).toEqual([[`connect ${id(1)}`], ['You may not use this console.']]);
    const other = fixture([false]);
    expect(await other.run('connect --vm-name secret')).toBe(1);
    expect(other.asked).toEqual(['connect secret']);
  });

  test('is cut when the engine says no', async () => {
    const { run, asked, said } = fixture([true, true, false]);
    expect(await run()).toBe(1);
    expect(said).toEqual(['You may not use this console any more.']);
    expect(asked.slice(0, 3)).toEqual([`connect ${id(1)}`, `stay ${id(1)}`, `stay ${id(1)}`]);
    expect(asked.at(-1)).toBe(`leave ${id(1)}`);
  });

  test('outlasts an engine that is away, but not for ever', async () => {
    const short = fixture([true, 'silent'], { graceMs: 0 });
    expect(await short.run()).toBe(1);
    expect(short.said.join()).toContain('does not answer');
    const long = fixture([true, 'silent', 'silent', true, false]);
    expect(await long.run()).toBe(1);
    expect(long.said).toEqual(['You may not use this console any more.']);
  });

  test('ends with its terminal', async () => {
    const { run, asked, gone } = fixture([true]);
    const ended = run();
    while (children.length === 0) await new Promise(setImmediate);
    gone.abort();
    expect(await ended).toBe(1);
    expect(asked.at(-1)).toBe(`leave ${id(1)}`);
    const [child] = children;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    expect(child?.signalCode).toBe('SIGTERM');
  });
});
