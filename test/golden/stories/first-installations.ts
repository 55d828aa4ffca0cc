import { afterPowerCut } from '../../../src/setup/host/memory/index.ts';
import { conf, install } from '../../support/installation.ts';
import { machines } from '../../support/machines.ts';
import { complete, password, databasePassword, type Story, trialAnswers, untilPassword, wizard } from './story.ts';

/** What people answer, and where they stop. */
export const firstInstallations: readonly Story[] = [
  { name: 'first-install-with-defaults', typed: wizard() },
  {
    name: 'wrong-answers-are-asked-again',
    typed: wizard({
      components: ['maybe', 'y', 'yes', '', '', '', '', ''],
      fqdn: ['bad_name', '192.0.2.1', 'nowhere.example.net', ''],
      firewall: ['', 'iptables', 'ufw', 'FIREWALLD'],
      password: ['short', 'short', password, 'other', 'password1', 'password1', '', password, password],
      mode: ['everything', 'VIRT'],
      scale: ['3', '2'],
      confirmation: ['perhaps', 'ok'],
    }),
  },
  { name: 'weak-password-accepted', typed: wizard({ password: ['password1', 'password1', 'yes'] }) },
  { name: 'cancelled-at-the-end', typed: wizard({ confirmation: ['Cancel'] }) },
  { name: 'input-ends-early', typed: [...untilPassword, password, password] },
  {
    name: 'input-ends-at-the-confirmation',
    machine: machines.seed(),
    typed: wizard({ firewall: ['no'], doubts: ['yes'], confirmation: [] }),
  },
  {
    name: 'everything-declined',
    typed: wizard({
      components: ['', 'no', 'no', 'no', 'no', 'no'],
      firewall: ['no'],
      historyDatabase: [],
      databaseClients: [''],
      ovnCredentials: [],
      web: ['no', 'manual'],
      scale: [],
    }),
  },
  { name: 'own-ovn-credentials', typed: wizard({ ovnCredentials: ['no', 'someone', 'ovn@internal', databasePassword] }) },
  { name: 'trial-without-ovn', machine: { prefix: '/srv/trial', withoutOvn: true }, answers: trialAnswers },
  {
    name: 'taken-up-after-a-power-cut',
    before: async (machine) => {
      await install({ machine, files: [conf(complete)], accidents: [{ at: 81, how: 'cut-before' }] });
      return afterPowerCut(machine);
    },
    answers: complete,
  },
];
