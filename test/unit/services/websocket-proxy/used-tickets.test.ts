import { expect, test } from 'vitest';
import { createUsedTickets } from '../../../../src/services/websocket-proxy/used-tickets.ts';

const ticket = (id: string, validTo: number) => ({ id, validTo, data: '' });

test('a ticket can be used once, as long as it is valid', () => {
  const used = createUsedTickets();
  used.use(ticket('a', 120_000), 0);
  expect(() => used.use(ticket('a', 120_000), 119_999)).toThrow('has been used before');
  expect(() => used.use(ticket('b', 120_000), 119_999)).not.toThrow();
});

test('tickets that have expired make room for others', () => {
  const used = createUsedTickets(2);
  used.use(ticket('a', 1_000), 0);
  used.use(ticket('b', 100_000), 0);
  expect(() => used.use(ticket('c', 100_000), 1_500)).toThrow('too many tickets');
  expect(() => used.use(ticket('c', 100_000), 3_000)).not.toThrow();
});

test('a full memory refuses rather than forgets', () => {
  const used = createUsedTickets(1);
  used.use(ticket('a', 100_000), 0);
  expect(() => used.use(ticket('b', 100_000), 1)).toThrow('too many tickets');
  expect(() => used.use(ticket('a', 100_000), 2)).toThrow('has been used before');
});
