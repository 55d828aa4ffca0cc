import type { Stop, View } from '#kit';
import { mayRun, stop as dataWarehouse } from '../dwh/settings.ts';
import { stop as fenceKdumpListener } from '../fence-kdump/settings.ts';
import { runsHere, stop as notifier } from '../notifier/settings.ts';
import { stop as engine } from './settings.ts';

/** The engine has to stand still meanwhile, and what else works on its database. */
export const stops = (view: View): readonly Stop[] => [
  engine,
  fenceKdumpListener,
  ...(mayRun(view) ? [dataWarehouse] : []),
  ...(runsHere(view) ? [notifier] : []),
];
