import { beforeEach, describe, expect, test, vi } from 'vitest';
import { type HelperDoor, HelperRefusal } from '../../../../../src/services/host-agent/helper-door.ts';
import { createConnectivity } from '../../../../../src/services/host-agent/network/connectivity.ts';
import { createNetworkPart } from '../../../../../src/services/host-agent/network/network-part.ts';
import { type Call, readParams } from '../../../../../src/services/host-agent/verbs.ts';
import { createLog } from '../../../../../src/services/frame/log.ts';
import { createMask } from '../../../../../src/services/frame/mask.ts';

const none: Call = { flowId: undefined, signal: new AbortController().signal, localAddress: undefined };
let now = 0;
const over = (since: number, isOfThisMachine = false): Call => ({ ...none, connection: { since, isOfThisMachine } });

describe('connectivity', () => {
  test('is proven by a connection that is made afterwards, from another machine', async () => {
    now = 100;
    const connectivity = createConnectivity(() => now);
    const ended = new AbortController();
    let proven: boolean | undefined;
    const waiting = connectivity.proven(ended.signal).then((it) => (proven = it));
    for (const call of [over(99), over(101, true), none]) connectivity.heard(call);
    await Promise.resolve();
    expect(proven).toBeUndefined();
    connectivity.heard(over(100));
    expect(await waiting).toBe(true);
    const late = connectivity.proven(ended.signal);
    ended.abort();
    expect(await late).toBe(false);
    expect(await connectivity.proven(ended.signal)).toBe(false);
  });
});

describe('a change of networks', () => {
  const done: string[] = [];
  const doing = (name: string) => async (): Promise<void> => void done.push(name);
  const helper: HelperDoor = {
    mount: () => Promise.reject(new Error('none')),
    unmount: () => Promise.reject(new Error('none')),
    howEnded: () => Promise.resolve(''),
    changeNetworks: async () => (done.push('change'), true),
    keepNetworks: doing('keep'),
    revertNetworks: doing('revert'),
    commitNetworks: doing('commit'),
  };
  const part = (more: Partial<HelperDoor> = {}, connectivity = createConnectivity(() => now)) =>
    createNetworkPart({
      helper: { ...helper, ...more },
      connectivity,
      log: createLog({ write: () => undefined, now: () => new Date(0), mask: createMask() }),
    });
  /** A network that is not there: that it is gone is true at once, on any machine. */
  const gone = { 'is-not-here': { remove: true } };
  const setUp = (one: ReturnType<typeof part>, options: object = {}) =>
    Promise.resolve(one.verbs['Host.setupNetworks']?.(readParams({ networks: gone, options }), none));
  beforeEach(() => void done.splice(0));

  test('is kept where nobody has to prove anything, and committed if wanted', async () => {
    expect(await setUp(part())).toEqual({ code: 0, message: 'Done' });
    expect(done).toEqual(['change', 'keep']);
    await setUp(part(), { commitOnSuccess: true });
    expect(done.slice(2)).toEqual(['change', 'keep', 'commit']);
  });

  test('is committed alone where nothing was to change', async () => {
    await setUp(part({ changeNetworks: async () => false }), { connectivityCheck: true, commitOnSuccess: true });
    expect(done).toEqual(['commit']);
  });

  test('is reverted without a proof, and no other is made meanwhile', async () => {
    const one = part();
    const first = setUp(one, { connectivityCheck: true, connectivityTimeout: 1 });
    const failed = expect(first).rejects.toMatchObject({ code: 10 });
    await expect(setUp(one)).rejects.toMatchObject({ code: 40 });
    await expect(Promise.resolve().then(() => one.verbs['Host.setSafeNetworkConfig']?.(readParams({}), none))).rejects.toMatchObject({
      code: 40,
    });
    await failed;
    expect(done).toEqual(['change', 'revert']);
    await setUp(one);
  });

  test('is left to the helper by an agent that ends', async () => {
    const one = part();
    const first = setUp(one, { connectivityCheck: true, connectivityTimeout: 60 });
    await vi.waitFor(() => expect(done).toEqual(['change']));
    await one.stop?.();
    await expect(first).rejects.toMatchObject({ code: 40 });
    expect(done).toEqual(['change']);
  });

  test.each([
    [400, 21],
    [409, 24],
    [501, 44],
    [500, 29],
    [0, 29],
  ])('is told as refused where the helper says %i', async (status, code) => {
    const refusing = part({ changeNetworks: () => Promise.reject(new HelperRefusal('not so', status)) });
    await expect(setUp(refusing)).rejects.toMatchObject({ code, message: 'not so' });
  });
});
