import { plugin } from '#kit';
import { fqdn, httpsPort, ownName } from './settings.ts';

export default plugin({ name: 'network', facts: [ownName], settings: [fqdn, httpsPort] });
