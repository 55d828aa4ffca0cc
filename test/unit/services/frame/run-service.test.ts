import { EventEmitter } from 'node:events';
import { describe, expect, test } from 'vitest';
import { type Begun, runService } from '../../../../src/services/frame/run-service.ts';

/** A process that writes down what it says and how it ends. */
function process() {
  const said: string[] = [];
  const codes: number[] = [];
  const program = Object.assign(new EventEmitter(), {
    env: {},
    pid: 42,
    stdout: Object.assign(new EventEmitter(), { fd: 1, write: (line: string) => said.push(line) }),
    stderr: Object.assign(new EventEmitter(), { fd: 2, write: () => true }),
    exit: (code: number) => codes.push(code),
  });
  return { program: program as unknown as NodeJS.Process & EventEmitter, said: () => said.join(''), codes };
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

async function run(begin: () => Promise<Begun>) {
  const ran = process();
  void runService(ran.program, begin);
  await settled();
  return ran;
}

describe('a service', () => {
  test('that is told to end does so in order, once', async () => {
    const reasons: string[] = [];
    const { program, codes } = await run(async () => ({ stop: async (reason) => reasons.push(reason) }));
    expect(codes).toEqual([]);
    program.emit('SIGTERM');
    program.emit('SIGINT');
    await settled();
    expect([reasons, codes]).toEqual([['SIGTERM'], [0]]);
  });

  test('that cannot start says why, and the program fails', async () => {
    const { said, codes } = await run(() => Promise.reject(new Error('no such file')));
    expect(said()).toContain('no such file');
    expect(codes[0]).toBe(1);
  });

  test('that never gets ready fails, even where it ends by being stopped', async () => {
    const ended = Promise.withResolvers<undefined>();
    const stop = async (): Promise<void> => ended.resolve(undefined);
    const { said, codes } = await run(async () => ({ ready: Promise.reject(new Error('no database')), ended: ended.promise, stop }));
    expect(said()).toContain('"message":"cannot start"');
    expect(codes).toEqual([1]);
  });

  test('that is stopped while it waits has not failed', async () => {
    const ready = Promise.withResolvers<undefined>();
    const { program, said, codes } = await run(async () => ({
      ready: ready.promise,
      stop: async () => ready.reject(new Error('given up')),
    }));
    program.emit('SIGTERM');
    await settled();
    expect([said(), codes]).toEqual(['', [0]]);
  });

  test('that ends by itself ends the program, well or not', async () => {
    const stop = () => Promise.resolve();
    expect((await run(async () => ({ ended: Promise.resolve(), stop }))).codes).toEqual([0]);
    const { said, codes } = await run(async () => ({ ended: Promise.reject(new Error('the socket broke')), stop }));
    expect(said()).toContain('the socket broke');
    expect(codes).toEqual([1]);
  });
});
