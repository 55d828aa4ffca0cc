import { plugin } from '#kit';
import { isWholeHost } from '../environment/settings.ts';
import { configureSsl, rootRedirection, rootRedirectionDefault } from './settings.ts';

export default plugin({ name: 'apache', applies: isWholeHost, settings: [rootRedirectionDefault, rootRedirection, configureSsl] });
