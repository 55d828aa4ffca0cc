import { PassThrough } from 'node:stream';
import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { Image } from '../../../../src/services/image-io/images/image.ts';
import { createLiveTicket } from '../../../../src/services/image-io/tickets/live-ticket.ts';
import type { Ticket } from '../../../../src/services/image-io/tickets/ticket.ts';

const ticket: Ticket = { uuid: 'a', size: 100, url: 'file:///a', timeout: 10, ops: ['write'], sparse: false, dirty: false };
const socket = (): Socket => new PassThrough() as unknown as Socket;

function made(more: Partial<Ticket> = {}) {
  const time = { now: 0 };
  const closed = { count: 0 };
  const image = { close: async () => (closed.count += 1) } as unknown as Image;
  const live = createLiveTicket(
    { ...ticket, ...more },
    { clock: () => time.now, open: () => Promise.resolve(image), most: { read: 2, write: 1 } },
  );
  return { live, time, closed };
}

describe('a ticket', () => {
  test('ends by time, and lives on when it is extended', () => {
    const { live, time } = made();
    time.now = 10_000;
    live.touch(socket());
    time.now = 10_001;
    expect(() => live.begin('read', socket())).toThrow('has expired');
    live.extend(5);
    expect(() => live.begin('read', socket()).end()).not.toThrow();
  });

  test('cuts what is under way when its time is over, and not before', () => {
    const { live, time } = made();
    const operation = live.begin('write', socket());
    live.check();
    expect(operation.signal.aborted).toBe(false);
    time.now = 10_001;
    live.check();
    expect(operation.signal.reason).toMatchObject({ status: 403, message: 'the ticket has expired' });
  });

  test('lets so many work at once, of each direction', () => {
    const { live } = made();
    const readers = [live.begin('read', socket()), live.begin('read', socket())];
    expect(() => live.begin('read', socket())).toThrow('2 requests of this kind');
    live.begin('write', socket());
    readers[0]?.end();
    readers[0]?.end();
    live.begin('read', socket());
    expect(() => live.begin('read', socket())).toThrow();
  });

  test('waits for operations when it is canceled, closes the image, and begins none any more', async () => {
    const { live, closed } = made();
    const operation = live.begin('write', socket());
    await operation.image();
    expect(await live.cancel(5)).toBe(false);
    expect(operation.signal.reason).toMatchObject({ status: 403 });
    const ending = live.cancel(10_000);
    operation.end();
    expect(await ending).toBe(true);
    expect(closed.count).toBe(1);
    expect(() => live.begin('read', socket())).toThrow('was canceled');
    expect(live.state()).toMatchObject({ canceled: true, active: false });
  });

  test('counts what goes in its direction, and connections that are still there', () => {
    const { live, time } = made();
    const connection = socket();
    const operation = live.begin('write', connection);
    operation.transferred(0, 50);
    operation.transferred(25, 50);
    live.begin('read', connection).transferred(0, 100);
    expect(live.state()).toMatchObject({ transferred: 75, connections: 1, idle_time: 0, active: true });
    operation.end();
    time.now = 3_500;
    expect(made({ ops: ['read', 'write'] }).live.state()).not.toHaveProperty('transferred');
  });
});
