import { plugin } from '#kit';
import { isWholeHost } from '../environment/settings.ts';
import { enableUpgrade, offline, requireRollback, updates } from './settings.ts';

export default plugin({
  name: 'packages',
  applies: isWholeHost,
  facts: [updates],
  settings: [offline, enableUpgrade, requireRollback],
});
