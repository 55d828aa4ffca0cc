import { plugin } from '#kit';
import { isWholeHost } from '../environment/settings.ts';
import { firewallManager, managers, updateFirewall, validManagers } from './settings.ts';

export default plugin({
  name: 'firewall',
  applies: isWholeHost,
  // The classic wizard settles the services of the firewall in this section; it has a title and no question.
  sections: ['system'],
  facts: [managers],
  settings: [validManagers, updateFirewall, firewallManager],
});
