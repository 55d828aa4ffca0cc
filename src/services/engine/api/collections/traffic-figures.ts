import type { Figure } from './statistics.ts';

/**
 * What goes through a network interface. What went through it in a second says nothing any more where nobody tells of it (`v.told`).
 * @param lost what its counters of packets that did not get through count, and their columns
 */
export const trafficFigures = (lost: { readonly packets: string; readonly rx: string; readonly tx: string }): readonly Figure[] => [
  ['data.current.rx', 'Receive data rate', 'bytes_per_second', 'decimal', 'case when v.told then v.rx_rate end'],
  ['data.current.tx', 'Transmit data rate', 'bytes_per_second', 'decimal', 'case when v.told then v.tx_rate end'],
  ['data.current.rx.bps', 'Receive data rate', 'bits_per_second', 'decimal', 'case when v.told then v.rx_rate * 8 end'],
  ['data.current.tx.bps', 'Transmit data rate', 'bits_per_second', 'decimal', 'case when v.told then v.tx_rate * 8 end'],
  ['data.total.rx', 'Total received data', 'bytes', 'integer', 'v.rx_total'],
  ['data.total.tx', 'Total transmitted data', 'bytes', 'integer', 'v.tx_total'],
  ['errors.total.rx', `Total received packets ${lost.packets}`, 'none', 'integer', `v.${lost.rx}`],
  ['errors.total.tx', `Total transmitted packets ${lost.packets}`, 'none', 'integer', `v.${lost.tx}`],
];
