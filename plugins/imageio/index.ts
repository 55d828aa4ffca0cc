import { plugin } from '#kit';
import { isWholeHost } from '../environment/settings.ts';
import { imageioProxy } from './settings.ts';

export default plugin({ name: 'imageio', applies: isWholeHost, settings: [imageioProxy] });
