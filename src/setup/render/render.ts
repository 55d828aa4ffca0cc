import Handlebars from 'handlebars';
import { shippedText } from './shipped.ts';

// A private instance: helpers registered here are nobody else's business.
const handlebars = Handlebars.create();
const compiled = new Map<string, Handlebars.TemplateDelegate>();

/** The strict mode of handlebars ends where a helper begins: what is handed to one is looked at here. */
function present(value: unknown): string {
  if (value === undefined || value === null) throw new Error('the template names data that is not there');
  // eslint-disable-next-line @typescript-eslint/no-base-to-string -- templates get texts, numbers and booleans
  const text = String(value);
  // Neither kind of file has a way to say these; with a line break in it, a value could set others.
  if (/[\0\r\n]/.test(text)) throw new Error('a value holds a line break or a zero byte');
  return text;
}

/** A value in the dialect of `*.conf` files of services: always quoted, with `"`, `\` and `$` escaped. */
export const confValue = (value: unknown): string => `"${present(value).replace(/["\\$]/g, '\\$&')}"`;
handlebars.registerHelper('conf', confValue);
// The built-in helper of this name would swallow data of the same name.
handlebars.unregisterHelper('log');

/** A value in INI: it reaches to the end of its line, without the blanks around it. */
const iniValue = (value: unknown): string => {
  const text = present(value);
  if (text !== text.trim()) throw new Error('a value begins or ends with a blank');
  return text;
};
handlebars.registerHelper('ini', iniValue);

/** A path in a unit file that is not split into words: only `%` is doubled (systemd.unit(5)). */
export const unitPath = (value: unknown): string => present(value).replaceAll('%', '%%');
/** A word of Environment: quoted where needed. A dollar sign has no meaning there. */
export const unitVariable = (value: unknown): string => {
  const word = unitPath(value);
  return /^[\w@+:,./=%$-]+$/.test(word) ? word : `"${word.replace(/["\\]/g, '\\$&')}"`;
};
/** A word of ExecStart: `$` is doubled as well (systemd.service(5)). */
export const unitWord = (value: unknown): string => unitVariable(present(value).replaceAll('$', '$$$$'));

function listOf(values: unknown): readonly unknown[] {
  if (!Array.isArray(values)) throw new Error('the template names a list that is not there');
  return values;
}
/** For `{{#each}}`, which takes what is not there for an empty list. */
handlebars.registerHelper('list', listOf);

const each =
  (write: (value: unknown) => string) =>
  (values: unknown): string =>
    listOf(values).map(write).join(' ');
handlebars.registerHelper('path', unitPath);
handlebars.registerHelper('words', each(unitWord));
handlebars.registerHelper('variables', each(unitVariable));

/** Makes the templates known that a template takes in, `{{> name}}`. They see the data of the template, and are as strict. */
function registerPartials(text: string): void {
  for (const [, name = ''] of text.matchAll(/\{\{> *([\w/-]+)/g)) {
    if (!Object.hasOwn(handlebars.partials, name)) handlebars.registerPartial(name, shippedText(`templates/${name}.hbs`));
  }
}

/**
 * Renders `templates/<name>.hbs`. Strict: a name that the data does not have is an error. Nothing is escaped for HTML.
 */
export function render(name: string, data: Readonly<Record<string, unknown>>): string {
  let template = compiled.get(name);
  if (template === undefined) {
    const text = shippedText(`templates/${name}.hbs`);
    registerPartials(text);
    template = handlebars.compile(text, { strict: true, noEscape: true });
    compiled.set(name, template);
  }
  try {
    return template(data);
  } catch (error) {
    throw new Error(`templates/${name}.hbs: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
