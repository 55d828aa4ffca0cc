import { plugin } from '#kit';
import { isWholeHost } from '../environment/settings.ts';
import {
  disconnectExisting,
  dwh,
  fields,
  installedBefore,
  otherWarehouse,
  performBackup,
  places,
  present,
  scale,
  vacuum,
} from './settings.ts';

export default plugin({
  name: 'dwh',
  applies: isWholeHost,
  facts: [present, installedBefore, otherWarehouse],
  settings: [dwh, places.location, places.provisioning, ...fields.all, performBackup, vacuum, scale, disconnectExisting],
});
