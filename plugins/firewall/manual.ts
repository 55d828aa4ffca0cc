import { type Text, message } from '#kit';
import { type Opening, portsOf, written } from './services.ts';

export const examples = '/etc/ovirt-engine/firewalld';
export const iptablesExample = '/etc/ovirt-engine/iptables.example';

/** What an administrator does who configures the firewall by hand, in the words and the order of the classic summary. */
export const manualInstructions = (openings: readonly Opening[]): readonly Text[] => [
  'In order to configure firewalld, copy the files from',
  message`    ${examples} to ${'/etc/firewalld/services'}`,
  '    and execute the following commands:',
  ...openings.map(({ name }) => message`    firewall-cmd --permanent --add-service ${name}`),
  message`    ${'firewall-cmd --reload'}`,
  'The following network ports should be opened:',
  ...portsOf(openings).map((port) => message`    ${written(port)}`),
  'An example of the required configuration for iptables can be found at:',
  message`    ${iptablesExample}`,
];
