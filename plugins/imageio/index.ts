import { plugin } from '#kit';
import { comesLater, isWholeHost } from '../environment/settings.ts';
import { imageioProxy } from './settings.ts';

export default plugin({
  name: 'imageio',
  applies: isWholeHost,
  settings: [imageioProxy],
  summary: (view) => Promise.resolve(comesLater(view, view.find(imageioProxy), 'Image I/O Proxy')),
});
