import { createHash } from 'node:crypto';
import type { Entity } from '../types.ts';
import { type Collection, reference, type Row } from './collection.ts';

/** A figure of each member: its name, what it is, and how it is had of the row, which is called `v`. */
export type Figure = readonly [name: string, description: string, unit: string, type: 'integer' | 'decimal' | 'string', sql: string];

/** Ids of statistics are the same everywhere: the UUID (version 3) of the bare name. */
function idOfName(name: string): string {
  const digest = createHash('md5').update(name).digest();
  digest.writeUInt8((digest.readUInt8(6) & 0x0f) | 0x30, 6);
  digest.writeUInt8((digest.readUInt8(8) & 0x3f) | 0x80, 8);
  return digest.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

const valuesOf = (row: Row): readonly Entity[] => {
  if (row['type'] === 'string') return row['detail'] === null ? [] : [{ detail: row['detail'] as string }];
  return row['datum'] === null ? [] : [{ datum: Number(row['datum']) }];
};

export interface StatisticsParts {
  readonly rel: string;
  /** The attribute that refers to the member. */
  readonly kind: string;
  readonly about: string;
  /** The table of the members, and its key. */
  readonly from: string;
  readonly key: string;
  /** Column of the object that they lie below, for members of a collection that is not at the top: its permissions decide. */
  readonly above?: string;
  readonly figures: readonly Figure[];
}

/** Figures of the members of a collection: what each uses at the moment. */
export function statisticsOf({ rel, kind, about, from, key, above, figures }: StatisticsParts): Collection {
  const object = above ?? key;
  const [top = rel, inside] = rel.split('/');
  const rows = figures.map(([name, description, unit, type, sql], at) => {
    const [datum, detail] = type === 'string' ? ['null::numeric', `(${sql})::text`] : [`(${sql})::numeric`, 'null::text'];
    return `(${at}, '${idOfName(name)}'::uuid, '${name}', '${description}', '${unit}', '${type}', ${datum}, ${detail})`;
  });
  return {
    rel: 'statistics',
    below: { rel, condition: `t.${key} = $parent${above === undefined ? '' : ` and t.${above} = $above`}` },
    type: 'statistic',
    about,
    from: `(select v.${key}${above === undefined ? '' : `, v.${above}`}, f.* from ${from} v cross join lateral
      (values ${rows.join(', ')}) f (place, id, name, about, unit, type, datum, detail)) t`,
    id: 't.id',
    columns: `t.${key} as member, t.${object} as object, t.name, t.about, t.unit, t.type, t.datum, t.detail`,
    describe: (row) => ({
      name: String(row['name']),
      description: String(row['about']),
      kind: String(row['name']).includes('.total.') ? 'counter' : 'gauge',
      type: String(row['type']),
      unit: String(row['unit']),
      values: valuesOf(row),
      [kind]: reference(inside === undefined ? top : `${top}/${String(row['object'])}/${inside}`, row['member']),
    }),
    order: 't.place',
    sight: 'permitted',
    object: `t.${object}`,
    search: { name: { sql: 't.name', as: 'text' } },
    words: ['name'],
  };
}
