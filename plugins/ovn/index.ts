import { plugin } from '#kit';
import { isWholeHost } from '../environment/settings.ts';
import { defaultCredentials, ovn, ovnPassword, ovnUser, present } from './settings.ts';

export default plugin({
  name: 'ovn',
  applies: isWholeHost,
  facts: [present],
  settings: [ovn, defaultCredentials, ovnUser, ovnPassword],
});
