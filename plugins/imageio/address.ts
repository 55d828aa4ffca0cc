import type { Step, View } from '#kit';
import { ownAddress } from '#steps';
import { engineDatabase } from '../database/settings.ts';
import { fqdn } from '../network/settings.ts';
import { formerFqdn } from '../websocket/settings.ts';
import { imageioHere, imageioPort } from './settings.ts';

/** Tells the engine where it shall send clients that transfer images. New databases of old knew the proxy by the name `localhost`. */
export const address = (view: View): Step =>
  ownAddress(
    {
      id: 'imageio/address',
      chapter: 'engine.options',
      title: 'Setting the address of the Image I/O proxy',
      quiet: true,
      needs: ['engine/schema'],
      inside: ['database/initdb', 'database/engine', 'engine/schema'],
    },
    engineDatabase(view),
    {
      option: 'ImageProxyAddress',
      wanted: imageioHere(view) ? `${view.get(fqdn)}:${view.get(imageioPort)}` : null,
      names: [view.get(fqdn), view.fact(formerFqdn), 'localhost'],
    },
  );
