import type { Stop, View } from '#kit';
import { mayRun, stop as dataWarehouse } from '../dwh/settings.ts';
import { stop as fenceKdumpListener } from '../fence-kdump/settings.ts';
import { runsHere, stop as notifier } from '../notifier/settings.ts';
import { engineStop, unit } from './settings.ts';

/** The engine has to stand still meanwhile, and what else works on its database. Whoever works with it is asked before it goes away. */
export const stops = (view: View): readonly Stop[] => [
  {
    unit,
    title: 'Stopping engine service',
    consent: {
      name: 'OVESETUP_CORE_ENGINE_STOP',
      text: 'During execution engine service will be stopped',
      setting: engineStop,
    },
  },
  fenceKdumpListener,
  ...(mayRun(view) ? [dataWarehouse] : []),
  ...(runsHere(view) ? [notifier] : []),
];
