import { plugin } from '#kit';
import { isWholeHost } from '../environment/settings.ts';
import { websocketProxy } from './settings.ts';

export default plugin({ name: 'websocket', applies: isWholeHost, settings: [websocketProxy] });
