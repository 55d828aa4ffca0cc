import { plugin } from '#kit';
import { fqdn, httpsPort, ownName, presentHttpsPort } from './settings.ts';

export default plugin({ name: 'network', facts: [ownName, presentHttpsPort], settings: [fqdn, httpsPort] });
