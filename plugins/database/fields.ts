import {
  type DatabaseAddress,
  type Plugin,
  type Setting,
  type Text,
  type View,
  message,
  port as portKind,
  setting,
  text,
  yesNo,
} from '#kit';
import { serversFlaw, serversOf } from '../../src/setup/postgres/servers.ts';
import { isWholeHost } from '../environment/settings.ts';
import { hostNameFlaw } from '../network/settings.ts';
import { localRecipe, pointer, recipe, tried } from './by-hand.ts';
import { warehouseOf } from './ownership.ts';

/** What differs between the databases whose place can be asked for. */
export interface WantedFields {
  /** 'OVESETUP_DB' */
  readonly prefix: string;
  /** 'OVESETUP_ENGINE_DB': beginning of the names of its questions. */
  readonly questions: string;
  /** 'Engine': how the prompts call it. */
  readonly title: string;
  /** Usual name of the database and of its role. */
  readonly usual: string;
  /** Whether the program has to do with this database at all. */
  readonly wanted: (view: View) => boolean;
  /** Whether somebody else has made it, so that its place and credentials are asked for. */
  readonly byHand: (view: View) => boolean;
  /** Whether it is known to be on the server of this host. */
  readonly local: (view: View) => boolean;
  /** The newest version of its schema. */
  readonly newest: () => string;
  /** Where it belongs to a component on another host: not made for this one, but in use there. */
  readonly elsewhere?: {
    readonly is: (view: View) => boolean;
    /** Authorities in PEM that vouch for it. */
    readonly authority: (view: View) => string | undefined;
    /** Gets the host of the data warehouse that the engine belongs to, if it has one. */
    readonly learns: Setting<string>;
  };
  /** What is special about single fields of this database. */
  readonly host?: Partial<Setting<string>>;
  readonly port?: Partial<Setting<number>>;
  readonly secured?: Partial<Setting<boolean>>;
  readonly validated?: Partial<Setting<boolean>>;
  readonly name?: Partial<Setting<string>>;
  readonly user?: Partial<Setting<string>>;
  readonly password?: Partial<Setting<string>>;
}

export interface Fields {
  readonly host: Setting<string>;
  readonly port: Setting<number>;
  readonly secured: Setting<boolean>;
  readonly validated: Setting<boolean>;
  readonly name: Setting<string>;
  readonly user: Setting<string>;
  readonly password: Setting<string>;
  /** All of these, for a plugin to declare. */
  readonly all: NonNullable<Plugin['settings']>;
  /** The way into the database, as it is answered so far. */
  address(view: View, password?: string): DatabaseAddress;
}

/** Names that are used unquoted by many tools around PostgreSQL. */
const plainName = (value: string): Text | undefined =>
  /^[a-z_][a-z0-9_]{0,62}$/.test(value)
    ? undefined
    : message`"${value}" must begin with a small letter and hold only small letters, digits and underscores, at most 63`;

/**
 * The settings that say where a database is and how to get in, in the order they are asked. They are asked only for a database
 * that is made by hand; after the last one the connection is tried, and if it fails all of them are asked again.
 */
export function databaseFields({
  prefix,
  questions,
  title,
  usual,
  wanted,
  byHand,
  local,
  newest,
  elsewhere,
  ...special
}: WantedFields): Fields {
  const isElsewhere = (view: View): boolean => elsewhere?.is(view) === true;
  const asked = (field: string) => ({ name: `${questions}_${field}`, when: byHand });
  const key = (field: string): string => `${prefix}/${field}`;

  const host = setting({
    key: key('host'),
    section: 'database',
    kind: text,
    about: message`Host of the ${title} database. Servers that copy one another are given as a list, db1.example.org,db2.example.org:5433: whichever of them takes writes is used, also after a fail-over. The port is that of ${prefix}/port where none is written.`,
    ask: {
      ...asked('HOST'),
      text: message`${title} database host`,
      notes: (view) => (isElsewhere(view) ? pointer : local(view) ? localRecipe(view, title, usual) : recipe(title, usual)),
    },
    preview: message`${title} database host`,
    when: wanted,
    initial: elsewhere === undefined ? 'localhost' : (view) => (isElsewhere(view) ? undefined : 'localhost'),
    async validate(value, view, reader) {
      if (value === 'localhost') return undefined;
      if (!isWholeHost(view)) return 'Below a root the database is one of its own, on localhost';
      if (!byHand(view)) return 'A database that Setup makes is on this host: localhost is expected';
      const flaw = serversFlaw(value);
      if (flaw !== undefined) return flaw;
      const flaws = await Promise.all(serversOf({ host: value, port: 0 }).map(({ host: name }) => hostNameFlaw(name, reader)));
      return flaws.find((found) => found !== undefined);
    },
    ...special.host,
  });

  const port = setting({
    key: key('port'),
    section: 'database',
    kind: portKind,
    about: message`Port of the ${title} database.`,
    ask: { ...asked('PORT'), text: message`${title} database port` },
    preview: message`${title} database port`,
    keep: true,
    when: wanted,
    initial: 5432,
    ...special.port,
  });

  const secured = setting({
    key: key('secured'),
    section: 'database',
    kind: yesNo,
    about: message`Whether the connection to the ${title} database is encrypted with TLS.`,
    ask: { ...asked('SECURED'), text: message`${title} database secured connection` },
    preview: message`${title} database secured connection`,
    when: wanted,
    initial: elsewhere === undefined ? false : isElsewhere,
    ...special.secured,
  });

  const validated = setting({
    key: key('securedHostValidation'),
    section: 'database',
    kind: yesNo,
    about: message`Whether the certificate of the ${title} database has to fit its host name.`,
    ask: {
      name: `${questions}_SECURED_HOST_VALIDATION`,
      text: message`${title} database host name validation in secured connection`,
      when: (view) => byHand(view) && view.get(secured),
    },
    preview: message`${title} database host name validation`,
    when: wanted,
    initial: (view) => view.get(secured),
    ...special.validated,
    // Without a certificate there is nothing to compare.
    settled: (view) => (view.get(secured) ? special.validated?.settled?.(view) : false),
  });

  const name = setting({
    key: key('database'),
    section: 'database',
    kind: text,
    about: message`Name of the ${title} database.`,
    ask: { ...asked('DATABASE'), text: message`${title} database name` },
    preview: message`${title} database name`,
    keep: true,
    when: wanted,
    initial: usual,
    validate: plainName,
    ...special.name,
  });

  const user = setting({
    key: key('user'),
    section: 'database',
    kind: text,
    about: message`Role that owns the ${title} database.`,
    ask: { ...asked('USER'), text: message`${title} database user` },
    preview: message`${title} database user name`,
    keep: true,
    when: wanted,
    initial: usual,
    validate: plainName,
    ...special.user,
  });

  const trustedFor = (view: View): { readonly authority?: string } => {
    const authority = isElsewhere(view) && view.get(secured) ? elsewhere?.authority(view) : undefined;
    return authority === undefined ? {} : { authority };
  };

  const address = (view: View, given?: string): DatabaseAddress => ({
    host: view.get(host),
    port: view.get(port),
    name: view.get(name),
    user: view.get(user),
    password: given ?? view.get(password),
    ...(view.get(secured) ? { tls: view.get(validated) ? ('verified' as const) : ('required' as const) } : {}),
    ...trustedFor(view),
  });

  const password: Setting<string> = setting({
    key: key('password'),
    section: 'database',
    kind: text,
    about: message`Password of the role that owns the ${title} database; made up where Setup makes the role.`,
    ask: { ...asked('PASSWORD'), text: message`${title} database password` },
    secret: true,
    when: wanted,
    remember: (view): boolean => view.given(password),
    ...special.password,
    async validate(value, view, reader) {
      if (!byHand(view)) return special.password?.validate?.(value, view, reader);
      const at = address(view, value);
      const { refusal, warnings } = await tried(at, reader, { newest: newest(), inUse: isElsewhere(view) });
      if (refusal !== undefined) return { refused: refusal, again: host.key };
      const owner = elsewhere !== undefined && isElsewhere(view) ? await warehouseOf(reader, at) : undefined;
      return {
        warnings,
        ...(elsewhere === undefined || owner === undefined ? {} : { learned: { setting: elsewhere.learns, value: owner } }),
      };
    },
  });

  const all = [host, port, secured, validated, name, user, password];
  return { host, port, secured, validated, name, user, password, all, address };
}
