import { plugin } from '#kit';
import { comesLater, isWholeHost } from '../environment/settings.ts';
import { defaultCredentials, ovn, ovnPassword, ovnUser, present } from './settings.ts';

export default plugin({
  name: 'ovn',
  applies: isWholeHost,
  facts: [present],
  settings: [ovn, defaultCredentials, ovnUser, ovnPassword],
  summary: (view) => Promise.resolve(comesLater(view, view.find(ovn), 'ovirt-provider-ovn')),
});
