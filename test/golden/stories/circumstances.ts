import { machines, withIptables } from '../../support/machines.ts';
import { complete, type Story, usually, wizard } from './story.ts';

/** What the host is like before a first installation. */
export const circumstances: readonly Story[] = [
  { name: 'low-memory-declined', machine: machines.seed(), typed: wizard({ firewall: ['no'], doubts: [], confirmation: [''] }) },
  { name: 'modest-memory', machine: machines['modest-memory'](), answers: complete },
  { name: 'active-firewall', machine: machines['active-firewall'](), typed: wizard({ firewall: [''], confirmation: ['cancel'] }) },
  { name: 'without-firewall', machine: machines['without-firewall'](), typed: wizard({ firewall: [], confirmation: ['cancel'] }) },
  {
    name: 'iptables-reviewed',
    machine: machines['active-iptables'](),
    typed: wizard({ firewall: [''], doubts: ['yes', ''] }),
  },
  {
    name: 'iptables-not-reviewed',
    machine: machines['active-iptables'](),
    typed: wizard({ firewall: [''], doubts: [''], confirmation: ['cancel'] }),
  },
  {
    name: 'iptables-rejected',
    machine: machines['active-iptables'](),
    typed: wizard({ firewall: [''], doubts: ['yes', 'no'], confirmation: [] }),
  },
  {
    name: 'iptables-unattended',
    machine: machines['active-iptables'](),
    answers: { ...complete, 'OVESETUP_CONFIG/firewallChangesReview': 'bool:True' },
  },
  { name: 'iptables-refused', machine: withIptables('*filter\n-A INPUT --broken -j DROP\nCOMMIT\n'), answers: complete },
  { name: 'foreign-host', machine: machines['foreign-host'](), answers: complete },
  { name: 'updates-found', machine: machines['with-updates'](), typed: wizard({ updates: ['', 'no'], confirmation: ['cancel'] }) },
  { name: 'setup-is-old', machine: machines['old-setup'](), typed: [...usually.components, ''] },
  {
    name: 'updates-declined-unattended',
    machine: machines['with-updates'](),
    answers: { ...complete, 'OSETUP_RPMDISTRO/enableUpgrade': 'bool:False' },
  },
  { name: 'unknown-name', machine: machines['unknown-name'](), answers: {} },
  {
    name: 'cluster-in-the-way',
    before: async (machine) => {
      machine.disk.set('/var/lib/pgsql/data/PG_VERSION', { kind: 'file', content: Buffer.from('13\n'), mode: 0o600 });
      return machine;
    },
    answers: complete,
  },
  { name: 'port-taken', machine: { foreignPorts: new Map([[443, 'nginx']]) }, answers: complete },
  { name: 'little-room', machine: { freeBytes: 50 * 1024 * 1024 }, answers: complete },
  { name: 'little-room-accepted', machine: { freeBytes: 50 * 1024 * 1024 }, typed: wizard({ doubts: ['yes'] }) },
];
