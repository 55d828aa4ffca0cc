import Handlebars from 'handlebars';
import { shippedText } from './shipped.ts';

// A private instance: helpers registered here are nobody else's business.
const handlebars = Handlebars.create();
const compiled = new Map<string, Handlebars.TemplateDelegate>();

/** A value in the dialect of `*.conf` files of services: always quoted, with `"`, `\` and `$` escaped. */
export const confValue = (value: unknown): string => `"${String(value).replace(/["\\$]/g, '\\$&')}"`;
handlebars.registerHelper('conf', confValue);
// The built-in helper of this name would swallow data of the same name.
handlebars.unregisterHelper('log');

/** One word of ExecStart in a unit file: quoted where needed, `%` doubled, `$` doubled (systemd.service(5)). */
export const unitWord = (value: unknown): string => {
  const word = String(value).replaceAll('%', '%%').replaceAll('$', '$$$$');
  return /^[\w@+:,./=%$-]+$/.test(word) ? word : `"${word.replace(/["\\]/g, '\\$&')}"`;
};
handlebars.registerHelper('word', unitWord);
handlebars.registerHelper('words', (values: readonly unknown[]) => values.map(unitWord).join(' '));

/**
 * Renders `templates/<name>.hbs`. Strict: a name that the data does not have is an error. Nothing is escaped for HTML.
 */
export function render(name: string, data: Readonly<Record<string, unknown>>): string {
  let template = compiled.get(name);
  if (template === undefined) {
    template = handlebars.compile(shippedText(`templates/${name}.hbs`), { strict: true, noEscape: true });
    compiled.set(name, template);
  }
  return template(data);
}
