import { plugin } from '#kit';
import { isWholeHost } from '../environment/settings.ts';
import { defaultCredentials, ovn, ovnPassword, ovnUser } from './settings.ts';

export default plugin({
  name: 'ovn',
  applies: isWholeHost,
  settings: [ovn, defaultCredentials, ovnUser, ovnPassword],
});
