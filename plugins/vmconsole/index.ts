import { plugin } from '#kit';
import { isWholeHost } from '../environment/settings.ts';
import { vmconsoleProxy } from './settings.ts';

export default plugin({ name: 'vmconsole', applies: isWholeHost, settings: [vmconsoleProxy] });
