import { plugin } from '#kit';
import { comesLater, isWholeHost } from '../environment/settings.ts';
import { vmconsoleProxy } from './settings.ts';

export default plugin({
  name: 'vmconsole',
  applies: isWholeHost,
  settings: [vmconsoleProxy],
  summary: (view) => Promise.resolve(comesLater(view, view.find(vmconsoleProxy), 'VM Console Proxy')),
});
