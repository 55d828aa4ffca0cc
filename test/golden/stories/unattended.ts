import { machines } from '../../support/machines.ts';
import { complete, password, type Story } from './story.ts';

/** Runs with answers and nobody to ask. */
export const unattended: readonly Story[] = [
  { name: 'unattended', answers: complete },
  {
    name: 'unattended-by-question-names',
    answers: {
      'QUESTION/1/OVESETUP_NETWORK_FQDN_this': 'str:engine.example.net',
      'QUESTION/1/OVESETUP_UPDATE_FIREWALL': 'str:No',
      'QUESTION/1/OVESETUP_CONFIG_ADMIN_SETUP': `str:${password}`,
      'QUESTION/2/OVESETUP_CONFIG_ADMIN_SETUP': `str:${password}`,
      'QUESTION/1/OVESETUP_CONFIG_APPLICATION_MODE': 'str:virt',
      'QUESTION/1/OVESETUP_PKI_ORG': 'str:Example',
      'QUESTION/1/OVESETUP_DIALOG_CONFIRM_SETTINGS': 'str:ok',
    },
  },
  {
    name: 'unattended-low-memory-accepted-by-name',
    machine: machines.seed(),
    answers: { ...complete, 'OVESETUP_CONFIG/fqdn': 'str:localhost.localdomain', 'QUESTION/1/OVESETUP_MEMCHECK_ENABLED': 'str:yes' },
  },
  { name: 'unattended-without-answers' },
  {
    name: 'unattended-with-bad-answers',
    answers: {
      'OVESETUP_CONFIG/fqdn': 'str:-x-.example',
      'OVESETUP_CONFIG/adminPassword': 'str:abc',
      'OVESETUP_DB/port': 'int:99999',
      'OVESETUP_PKI/country': 'str:usa',
      'OVESETUP_CONFIG/applicationMode': 'str:all',
      'OVESETUP_DWH_CONFIG/scale': 'int:3',
      'OVESETUP_CONFIG/firewallManager': 'str:iptables',
    },
  },
  {
    name: 'unattended-with-flaws-of-form',
    machine: machines.seed(),
    answers: {
      'OVESETUP_CONFIG/fqdn': 'localhost.localdomain',
      'OVESETUP_DB/port': 'int:abc',
      'OVESETUP_OVN/ovirtProviderOvn': 'bool:maybe',
      'OVESETUP_PKI/country': 'str:usa',
    },
  },
  { name: 'unattended-with-weak-password', answers: { ...complete, 'OVESETUP_CONFIG/adminPassword': 'str:password1' } },
];
