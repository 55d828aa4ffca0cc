/** How a single value is written. */
export type Scalar = 'text' | 'boolean' | 'integer' | 'decimal' | 'date';

/**
 * How an attribute is written: a scalar, one structure of a type, a list of structures, or a list of scalars. Lists
 * name the element of an item: the singular of scalars, the type of structures unless `item` says otherwise.
 */
export type Attribute =
  | Scalar
  | { readonly one: string }
  | { readonly many: string; readonly item?: string }
  | { readonly scalars: Scalar; readonly item: string };

/** A table of types: for each its attributes, in the order XML shows them. `id`, `href`, links and actions need no entry. */
export type Types = Readonly<Record<string, Readonly<Record<string, Attribute>>>>;

export interface Link {
  /** An absolute path without a host. */
  readonly href: string;
  readonly rel: string;
}

/** Members of a collection, written in the place of the link to it. */
export interface Followed {
  readonly name: string;
  readonly type: string;
  readonly members: readonly Entity[];
}

export type Value = string | number | bigint | boolean | Date | Entity | readonly Value[] | null | undefined;

/** Something to be written. Attributes that are null or absent are left out, empty texts are kept. */
export interface Entity {
  readonly id?: string;
  readonly href?: string;
  /** Last segments of addresses right below its own, which are the rels of links to them as well: of actions, and of collections. */
  readonly actions?: readonly string[];
  readonly below?: readonly string[];
  /** Links that lead elsewhere. */
  readonly links?: readonly Link[];
  /** Collections below it that the client asked to see along with it. */
  readonly followed?: readonly Followed[];
  readonly [attribute: string]: Value | readonly Link[] | readonly Followed[];
}
