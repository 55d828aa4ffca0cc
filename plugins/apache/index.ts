import { plugin } from '#kit';
import { isWholeHost } from '../environment/settings.ts';
import { configureSsl, lostDirectives, reconfigureSsl, rootRedirection, rootRedirectionDefault } from './settings.ts';

export default plugin({
  name: 'apache',
  applies: isWholeHost,
  facts: [lostDirectives],
  settings: [rootRedirectionDefault, rootRedirection, configureSsl, reconfigureSsl],
});
