import type { Plugin } from '#kit';
import apache from './apache/index.ts';
import database from './database/index.ts';
import dwh from './dwh/index.ts';
import engine from './engine/index.ts';
import environment from './environment/index.ts';
import fenceKdump from './fence-kdump/index.ts';
import firewall from './firewall/index.ts';
import imageio from './imageio/index.ts';
import network from './network/index.ts';
import notifier from './notifier/index.ts';
import ovn from './ovn/index.ts';
import packages from './packages/index.ts';
import pki from './pki/index.ts';
import remoteEngine from './remote-engine/index.ts';
import vmconsole from './vmconsole/index.ts';
import websocket from './websocket/index.ts';

/** All components. The order means nothing: every order is written in `src/setup/kit/outline.ts`. */
export const plugins: readonly Plugin[] = [
  apache,
  database,
  dwh,
  engine,
  environment,
  fenceKdump,
  firewall,
  imageio,
  network,
  notifier,
  ovn,
  packages,
  pki,
  remoteEngine,
  vmconsole,
  websocket,
];
