import { plugin } from '#kit';
import { isWholeHost } from '../environment/settings.ts';
import { installed, kept, neededPackages, unobtainable } from './needed.ts';
import { enableUpgrade, offline, requireRollback, updates } from './settings.ts';
import { silentSshServer, sshServerInstalled } from './ssh-server.ts';

export default plugin({
  name: 'packages',
  applies: isWholeHost,
  facts: [updates, sshServerInstalled],
  settings: [offline, enableUpgrade, requireRollback],
  preflight: unobtainable,
  steps(view) {
    const names = neededPackages(view);
    return names.length === 0 ? [] : [...silentSshServer(view, names), installed(names), kept(names)];
  },
});
