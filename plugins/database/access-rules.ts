import { type Problem, type View, fact, readText } from '#kit';
import { openRules } from '../../src/setup/postgres/access.ts';
import { decide } from '../../src/setup/postgres/hba-decide.ts';
import { type HbaRules, readHba } from '../../src/setup/postgres/hba-files.ts';
import { accessBlock, hostCluster } from './host-cluster.ts';

/*
 * The access rules of the cluster that a whole host has: others have theirs in the same file, and the first that fits counts.
 */

interface Rules extends HbaRules {
  readonly path: string;
  /** The lines that our block stands on; undefined where there is none yet. */
  readonly block: { readonly first: number; readonly last: number } | undefined;
}

function blockIn(text: string): Rules['block'] {
  const lines = text.split('\n');
  const [first, last] = [lines.indexOf(`# BEGIN ${accessBlock}`) + 1, lines.indexOf(`# END ${accessBlock}`) + 1];
  return first > 0 && last > first ? { first, last } : undefined;
}

/** The rules as they are; undefined where there is no such cluster yet. */
export const accessRules = fact('database-access-rules', async (host): Promise<Rules | undefined> => {
  const cluster = await hostCluster.probe(host);
  if (cluster?.exists !== true) return undefined;
  const path = `${cluster.configuration}/pg_hba.conf`;
  const rules = await readHba(path, { text: (file) => readText(host, file), list: (folder) => host.files.list(folder) });
  return { ...rules, path, block: blockIn((await readText(host, path)) ?? '') };
});

/** A database of ours, and the role that it belongs to. */
export interface Owned {
  readonly name: string;
  readonly user: string;
}

/** Whether somebody has put rules before ours that decide about our own connections. */
export function isOvertaken(view: View, owned: readonly Owned[]): boolean {
  const rules = view.fact(accessRules);
  const block = rules?.block;
  if (rules === undefined || block === undefined) return false;
  return owned.some(({ name, user }) =>
    ['127.0.0.1', '::1'].some((address) => {
      const { record, doubtful } = decide(rules.records, { by: 'plain', database: name, user, address });
      const deciding = [...doubtful, record].find((one) => one !== undefined);
      return deciding !== undefined && deciding.file === undefined && deciding.line < block.first;
    }),
  );
}

/** Rules of others that let everybody into our databases. */
export function openAccess(view: View, owned: readonly Owned[]): readonly Problem[] {
  const rules = view.fact(accessRules);
  if (rules === undefined) return [];
  // Ours go to the top, or are there: they come before all others.
  return owned.flatMap(({ name, user }) => openRules(rules, { database: name, owner: user, superusers: ['postgres'] }));
}
