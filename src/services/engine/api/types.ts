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

export type Value = string | number | bigint | boolean | Date | Entity | readonly Value[] | null | undefined;

/** Something to be written. Attributes that are null or absent are left out, empty texts are kept. */
export interface Entity {
  readonly id?: string;
  readonly href?: string;
  readonly actions?: readonly Link[];
  readonly links?: readonly Link[];
  readonly [attribute: string]: Value | readonly Link[];
}

/** The types of this API. Names, kinds and order are those of API version 4. */
export const types: Types = {
  api: {
    authenticated_user: { one: 'user' },
    effective_user: { one: 'user' },
    product_info: { one: 'product_info' },
    summary: { one: 'api_summary' },
    time: 'date',
  },
  product_info: { instance_id: 'text', name: 'text', vendor: 'text', version: { one: 'version' } },
  version: { build: 'integer', full_version: 'text', major: 'integer', minor: 'integer', revision: 'integer' },
  api_summary: { users: { one: 'api_summary_item' } },
  api_summary_item: { active: 'integer', total: 'integer' },
  user: {
    name: 'text',
    domain: { one: 'domain' },
    domain_entry_id: 'text',
    email: 'text',
    last_name: 'text',
    namespace: 'text',
    principal: 'text',
    user_name: 'text',
  },
  domain: { name: 'text' },
  fault: { detail: 'text', reason: 'text' },
};
