import { plugin } from '#kit';
import { isWholeHost } from '../environment/settings.ts';
import { engineFqdn, hostKey, rootPassword, setupStyle, sshPort } from './settings.ts';

export default plugin({ name: 'remote-engine', applies: isWholeHost, settings: [engineFqdn, setupStyle, sshPort, hostKey, rootPassword] });
