import type { Database } from '../../../frame/database.ts';
import type { Begun } from '../../commands/command.ts';
import type { Subjects } from '../../commands/event-sql.ts';
import type { Consoles } from '../../consoles/consoles.ts';
import type { Secrets } from '../../hosts/secrets.ts';
import type { Values } from '../search/values.ts';
import type { Entity, Value } from '../types.ts';

/** One row of a query, by the names of its columns. */
export type Row = Readonly<Record<string, unknown>>;

/** Who sees the members: everybody who is logged in, whoever has a permission that reaches them, or administrators. */
export type Sight = 'everybody' | 'permitted' | 'administrators';

/** How a field of the search language is compared. `choices` are the words of an enumeration, by the number that is stored. */
export interface SearchField {
  readonly sql: string;
  readonly as: 'text' | 'number' | 'date' | 'boolean' | { readonly choices: Readonly<Record<string, number | string>> };
  /** Never null, so that an index on the text in lower case can serve. */
  readonly present?: true;
  /** A query of texts, where a member has several: one of them must be what is looked for. `sql` is what they are sorted by. */
  readonly several?: string;
}

/** An attribute that clients may set, named by its path (`vlan.id`). */
export interface Field {
  readonly column: string;
  /** Must be there when a member is added. */
  readonly required?: boolean;
  /** Cannot be changed later. */
  readonly fixed?: boolean;
  /** The one value that it has here, and why: clients may send it, and nothing else. */
  readonly only?: { readonly value: string | boolean; readonly why: string };
  /** The collection whose member it names, by id or by name. */
  readonly reference?: string;
  /** The reference may be taken away, with an element that names nothing. */
  readonly clearable?: true;
  /** What a new member gets where nothing is given; for what is stored beside the row, which has no default of its own. */
  readonly initial?: Value;
  /** What is stored for a value. Throws a refusal for one that cannot be. */
  readonly store?: (value: unknown) => unknown;
  /** Text that is stored is not longer than this; 255 unless it says otherwise. */
  readonly longest?: number;
}

/** What is written into the list of events when it was done, and when it failed. */
export interface Event {
  readonly code: number;
  readonly name: string;
  /** `${name}` and `${user}` are filled in. */
  readonly text: string;
  /** What stands behind the text as it is: words of whoever asked for it. */
  readonly more?: string;
  /** The number of the event that tells of a failure, where that is not the next one. */
  readonly failed?: number;
}

/** How members are added, changed or removed: a permit, and the number and the name of the event that tells of it. */
export interface Change {
  readonly permit: number;
  readonly code: number;
  readonly event: string;
}

/** A table that members are rows of. */
export interface Store {
  readonly table: string;
  readonly key: string;
  /** What a member is called in events: 'Data center'. */
  readonly noun: string;
  readonly fields: Readonly<Record<string, Field>>;
  /** Columns that every new member gets, as SQL expressions. */
  readonly defaults?: Readonly<Record<string, string>>;
  /** Why a member must stay as it is; asked before it is changed or removed. */
  readonly guard?: (row: Row, change: 'update' | 'remove') => string | null;
  /** More statements in the same transaction when a member was added: SQL of a common table expression over `added`. */
  readonly along?: string;
  readonly add?: Change & {
    /** The object that the permit is asked on: the attribute with the reference, or the whole system. */
    readonly on?: string;
  };
  readonly update?: Change;
  readonly remove?: Change;
}

/** Who asks, and whether only for what an ordinary user sees. */
export interface Asker {
  readonly userId: string;
  readonly administrator: boolean;
  readonly filtered: boolean;
}

/** A collection at its place: at the top, or below a member of another one. */
export interface Place {
  readonly collection: Collection;
  readonly parent: string | null;
  /** The member that the parent itself lies below, where that is not at the top. */
  readonly above?: string | null;
}

export interface Wish {
  /** What is read only for whoever asks for all content is wanted, too. */
  readonly allContent?: boolean;
  readonly search?: string | null;
  readonly caseSensitive?: boolean;
  /** At most this many; null or a negative number for all. */
  readonly max?: number | null;
  /** Only events behind this one. */
  readonly from?: number | null;
}

/** Reads members of collections, as far as whoever asks may see them. */
export interface Members {
  /** One member; null where there is none, or none that may be seen. */
  find(place: Place, id: string, asker: Asker, allContent?: boolean): Promise<Entity | null>;
  /** Throws a refusal (404) unless the member that a collection lies below may be seen. */
  needParent(place: Place, asker: Asker): Promise<void>;
  /**
   * Members in their order, block by block. Which ones they are is settled before the first block; each is shown as it is when its block
   * is asked for, and left out where it is gone by then. In between nothing waits for whoever takes them. Throws refusals before the first
   * block: 403 for what only administrators may list, 400 for a search that cannot be understood.
   */
  blocks(place: Place, asker: Asker, wish: Wish): AsyncIterable<Iterable<Entity>>;
  /** All of them at once. Throws what `blocks` does. */
  list(place: Place, asker: Asker): Promise<readonly Entity[]>;
  /** The id of a member at the top that a client named by id or by name. Throws a refusal (404) where there is none. */
  resolve(rel: string, named: Entity, asker: Asker): Promise<string>;
}

/** Something that somebody wants done, and what its events are about. */
export interface Work extends Subjects {
  readonly permit: number;
  /** The object that the permit is asked on. */
  readonly object: string;
  readonly event: Event;
  /**
   * Common table expressions in their order, of one statement. The one that is called `done` returns `id` and `name` of what it
   * was done to, as texts; without a row there was nothing to do it to.
   */
  readonly statement: (values: Values) => readonly (readonly [name: string, sql: string])[];
  /** What it is about, for the events: where `done` does not say. */
  readonly name?: string;
  /** True where the change itself is the event or the job, so that none has to tell of it. */
  readonly quiet?: boolean;
  /**
   * What is done elsewhere, once the permit is there and before anything is written. What it returns is answered; null where there is nothing to
   * be had: nothing is written then. Throws refusals.
   */
  readonly first?: () => Promise<Entity | null>;
  /** A command that begins with this work, and goes on when it is answered: its job stays started until it has ended. */
  readonly begins?: Begun;
  /** What a client is told where there was nothing to do it to; that there is no such thing, unless it says otherwise. */
  readonly otherwise?: () => Error;
}

/** Who wants a change, and what the answer, the job and the events of it go by. */
export interface Worker {
  readonly userId: string;
  readonly userName: string;
  readonly correlationId: string;
}

/** What a special change may look at. */
export interface Occasion {
  readonly worker: Worker;
  readonly database: Database;
  readonly members: Members;
  readonly asker: Asker;
  readonly place: Place;
  /** The member that is changed or removed; empty where one is added. */
  readonly id: string;
  /** What the client sent; empty where one is removed. */
  readonly entity: Entity;
  /** A parameter of the request that is a truth value; `otherwise` where it is missing. Throws a refusal (400) for one that is none. */
  readonly asks: (parameter: string, otherwise?: boolean) => boolean;
  /** A parameter of the request that is a text; null where it is missing. */
  readonly parameter: (name: string) => string | null;
  /** What seals secrets that a command needs later. */
  readonly secrets: Secrets;
  /** What opens displays of virtual machines. */
  readonly consoles: Consoles;
}

/** A change that is more than a row of one table: the permit for it, and what it comes to here. */
export interface SpecialChange {
  readonly permit: number;
  /** It is answered when the command that it begins has ended, unless the client asks for `async`: clients go on at once with what they expect to be there. */
  readonly settles?: true;
  readonly work: (occasion: Occasion) => Promise<Omit<Work, 'permit'>>;
}

/** Changes of members that are more than rows of one table. */
export interface Special {
  readonly add?: SpecialChange;
  readonly update?: SpecialChange;
  readonly remove?: SpecialChange;
}

/**
 * One collection of the API. Routes, representation, search, permissions and documentation all come from this description:
 * a new collection is one more of these, and a small handler where something about it is special.
 */
export interface Collection {
  /** Last segment of its path, and the rel of links to it. */
  readonly rel: string;
  /**
   * The collection that it lies below, and the SQL condition that ties its members to one of those; `$parent` is the id. One that is not at the top is named
   * with the one above (`vms/nics`), and `$above` is the id of the member of that.
   */
  readonly below?: { readonly rel: string; readonly condition: string };
  /** Type of its members, in the table of types. */
  readonly type: string;
  /** Element around a list, where it is not the type with an `s`. */
  readonly list?: string;
  /** A sentence for the description of the API. */
  readonly about: string;
  /** Tables, of which the one with the members is called `t`. */
  readonly from: string;
  /** Expression of a member's id. */
  readonly id: string;
  readonly idKind?: 'uuid' | 'number' | 'name';
  /** What is read of a member, as a list for `select`; `$user` is the id of who asks, for what not everybody who sees a member is shown. */
  readonly columns: string;
  readonly describe: (row: Row) => Entity;
  /** What is read and shown only to whoever asks for all content, because it costs more. */
  readonly costly?: { readonly columns: string; readonly describe: (row: Row) => Entity };
  /** What is done before the members are listed. Throws refusals. */
  readonly prepare?: (occasion: Pick<Occasion, 'database' | 'asks'> & { readonly parent: string | null }) => Promise<void>;
  /** A parameter that leaves only a part of each member. */
  readonly narrowed?: { readonly parameter: string; readonly to: (entity: Entity, value: string) => Entity };
  /** Expression of the name that clients may give in the place of the id; `t.name` unless it says otherwise. */
  readonly named?: string;
  readonly order: string;
  /** Condition of the members that are listed, where others can be had by their id. */
  readonly listed?: string;
  readonly sight: Sight;
  /** Expression of the object whose permissions decide, where the id of the member is not it. */
  readonly object?: string;
  /** Further condition under which an ordinary user sees a member; `$user` is the id. */
  readonly own?: string;
  /** What holds for members that are shown, unless a search asks for others by this field. */
  readonly usually?: { readonly condition: string; readonly unless: string };
  readonly search?: Readonly<Record<string, SearchField>>;
  /** Fields that a bare word is looked for in. */
  readonly words?: readonly string[];
  readonly store?: Store;
  readonly special?: Special;
  /** Actions on a member, by their names. */
  readonly actions?: Readonly<Record<string, SpecialChange>>;
  /** Another form of a member, for who asks for its media type: what makes it, and where in the answer of that it stands. */
  readonly file?: { readonly mediaType: string; readonly make: SpecialChange; readonly attribute: string };
  /** Actions on the collection as a whole. */
  readonly collectionActions?: Readonly<Record<string, SpecialChange>>;
}

/** An object that a client sent as an attribute; an empty one where there is none. */
export const objectIn = (entity: Entity, name: string): Entity => {
  const value = entity[name];
  return value !== null && typeof value === 'object' && !Array.isArray(value) && !(value instanceof Date) ? (value as Entity) : {};
};

/** The text of an attribute that a client sent; empty where there is none. */
export const textOf = (entity: Entity, name: string): string => (typeof entity[name] === 'string' ? entity[name] : '');

/** The element around a list of members. */
export const listName = ({ list, type }: Pick<Collection, 'list' | 'type'>): string => list ?? `${type}s`;

/** A reference to a member of a collection at the top, or nothing. */
export const reference = (rel: string, id: unknown): Entity | undefined =>
  typeof id === 'string' ? { id, href: `/ovirt-engine/api/${rel}/${id}` } : undefined;

/** A value of a row that may be missing, as a text. */
export const optional = (value: unknown): string | undefined =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;

/** `4.8` as the API shows it. */
export const versionOf = (text: unknown): Entity | undefined => {
  const [, major, minor] = /^(\d+)\.(\d+)$/.exec(String(text)) ?? [];
  return major === undefined ? undefined : { major: Number(major), minor: Number(minor) };
};
