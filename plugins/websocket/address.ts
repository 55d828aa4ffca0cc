import type { Step, View } from '#kit';
import { ownAddress } from '#steps';
import { engineDatabase } from '../database/settings.ts';
import { fqdn } from '../network/settings.ts';
import { formerFqdn, websocketHere, websocketPort } from './settings.ts';

/** Tells the engine where it shall send browsers: to the proxy of this host, or to none if that is gone. */
export const address = (view: View): Step =>
  ownAddress(
    {
      id: 'websocket/address',
      chapter: 'engine.options',
      title: 'Setting the address of the WebSocket proxy',
      quiet: true,
      needs: ['engine/schema'],
      inside: ['database/initdb', 'database/engine', 'engine/schema'],
    },
    engineDatabase(view),
    {
      option: 'WebSocketProxy',
      wanted: websocketHere(view) ? `${view.get(fqdn)}:${view.get(websocketPort)}` : null,
      names: [view.get(fqdn), view.fact(formerFqdn)],
    },
  );
