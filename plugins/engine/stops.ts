import type { Stop } from '#kit';
import { engineStop, unit } from './settings.ts';

/** The engine has to stand still meanwhile. Whoever works with it is asked before it goes away. */
export const stops: readonly Stop[] = [
  {
    unit,
    title: 'Stopping engine service',
    consent: {
      name: 'OVESETUP_CORE_ENGINE_STOP',
      text: 'During execution engine service will be stopped',
      setting: engineStop,
    },
  },
];
