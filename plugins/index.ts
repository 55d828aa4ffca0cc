import type { Plugin } from '#kit';
import database from './database/index.ts';
import engine from './engine/index.ts';
import environment from './environment/index.ts';
import network from './network/index.ts';
import pki from './pki/index.ts';

/** All components. The order means nothing: every order is written in `src/setup/kit/outline.ts`. */
export const plugins: readonly Plugin[] = [database, engine, environment, network, pki];
