import type { Step, View } from '#kit';
import { ownDatabase } from '#steps';
import { isUnclaimed, serverAdministration, serverUnit } from '../database/settings.ts';
import { historyDatabase, present } from './settings.ts';

/** Role and database of the history on the server of this host. */
export const historyOnServer = (view: View): readonly Step[] =>
  ownDatabase({
    admin: serverAdministration(view),
    own: historyDatabase(view),
    chapter: 'database.dwh',
    ids: { role: 'dwh/role', database: 'dwh/database', privileges: 'dwh/privileges', access: 'dwh/access' },
    needs: ['database/start'],
    inside: ['database/initdb'],
    server: serverUnit(view),
    unclaimed: view.fact(present).name === undefined && isUnclaimed(view, historyDatabase(view).name),
  });
