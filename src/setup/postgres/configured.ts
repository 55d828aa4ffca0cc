import type { DatabaseAddress } from '#kit';

/*
 * The databases of an installation, as the configuration of its services says it.
 */

/** What a database is for, with what differs between them. */
export const products = {
  engine: {
    prefix: 'ENGINE_DB',
    usual: 'engine',
    folder: '/etc/ovirt-engine/engine.conf.d',
    schema: 'src/services/engine/schema/engine',
  },
  dwh: {
    prefix: 'DWH_DB',
    usual: 'ovirt_engine_history',
    folder: '/etc/ovirt-engine-dwh/ovirt-engine-dwhd.conf.d',
    schema: 'src/services/dwh/schema',
  },
} as const;
export type Product = keyof typeof products;

/** The assignments of a configuration; of two for one name the later one counts. Without expansion: setup writes none. */
function assignments(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [, name = '', quoted, plain = ''] of text.matchAll(/^(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^\s"#]*))[ \t]*(?:#.*)?$/gm))
    found.set(name, (quoted ?? plain).replace(/\\(.)/g, '$1'));
  return found;
}

/** How a service takes a value for yes. */
const isYes = (value = ''): boolean => /^(?:t|true|y|yes|1)$/i.test(value);

/**
 * The way into a database, as the files of a service say it together.
 * @returns undefined where they name none
 */
export function configuredAddress(text: string, product: Product): DatabaseAddress | undefined {
  const said = assignments(text);
  const value = (name: string): string | undefined => said.get(`${products[product].prefix}_${name}`);
  const [name, user, password] = [value('DATABASE'), value('USER'), value('PASSWORD')];
  if (name === undefined || user === undefined || password === undefined) return undefined;
  const tls = isYes(value('SECURED')) ? { tls: isYes(value('SECURED_VALIDATION')) ? ('verified' as const) : ('required' as const) } : {};
  return { host: value('HOST') ?? 'localhost', port: Number(value('PORT') ?? 5432), name, user, password, ...tls };
}
