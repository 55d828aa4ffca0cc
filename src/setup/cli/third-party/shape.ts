import { type Plugin, type Text, message, sections } from '#kit';
import type { AnySetting } from '../../core/answers.ts';
import type { Names } from './names.ts';

type Loose = Readonly<Record<string, unknown>>;
/** Whether something has members, and is no list. */
export const isObject = (value: unknown): value is Loose => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The members of a plugin, by what they are. */
const members: Readonly<Record<Exclude<keyof Plugin, 'name'>, 'list' | 'function'>> = {
  applies: 'function',
  facts: 'list',
  settings: 'list',
  sections: 'list',
  preflight: 'function',
  steps: 'function',
  health: 'function',
  summary: 'function',
};

function flawOfMember(name: string, value: unknown): Text | undefined {
  if (name === 'name' || value === undefined) return undefined;
  const wanted = Object.hasOwn(members, name) ? members[name as keyof typeof members] : undefined;
  if (wanted === undefined) return message`${name} is no part of a plugin`;
  const found = Array.isArray(value) ? 'list' : typeof value;
  return found === wanted ? undefined : message`${name} is no ${wanted}`;
}

const isSection = (id: unknown): boolean => sections.some((section) => section.id === id);

function flawOfFact(fact: unknown, taken: Names): Text | undefined {
  if (!isObject(fact) || typeof fact['id'] !== 'string' || typeof fact['probe'] !== 'function') return 'one of its facts is none';
  return taken.facts.has(fact['id']) ? message`there is another fact ${fact['id']}` : undefined;
}

function flawsOfSetting(given: unknown, taken: Names, own: readonly string[]): readonly Text[] {
  const key = isObject(given) ? given['key'] : undefined;
  if (!isObject(given) || typeof key !== 'string' || !/^[A-Z][A-Z0-9_]*\/\w+$/.test(key))
    return ['one of its settings is none: it has no key like NAME_SPACE/name'];
  const { formerly = [], after, section, kind, about, ask } = given as Loose & Pick<AnySetting, 'formerly' | 'ask'>;
  const flaws: Text[] = [key, ...formerly].filter((each) => taken.keys.has(each)).map((each) => message`there is another setting ${each}`);
  if (ask !== undefined && taken.questions.has(ask.name)) flaws.push(message`${key}: there is another question ${ask.name}`);
  if (!isSection(section)) flaws.push(message`${key}: there is no section ${String(section)}`);
  if (!isObject(kind) || typeof kind['parse'] !== 'function') flaws.push(message`${key} has no kind`);
  if (Object.isFrozen(given)) flaws.push(message`${key} is frozen: that is done when the plugin is loaded`);
  if (about === undefined) flaws.push(message`${key} does not say what it is about`);
  if (typeof after !== 'string') flaws.push(message`${key} does not say after which setting it stands`);
  else if (!taken.keys.has(after) && !own.includes(after)) flaws.push(message`${key} stands after ${after}, which is no setting`);
  return flaws;
}

/**
 * Whether what a third party has made is a plugin that can join the others: everything that is wrong with it.
 * What its functions return is only known in a run.
 * @param taken names that are in use already
 */
export function flawsOf(made: unknown, taken: Names): readonly Text[] {
  if (!isObject(made)) return ['its function returns no plugin'];
  const { name, facts, settings, sections: titled } = made;
  const flaws: Text[] = Object.entries(made).flatMap(([member, value]) => flawOfMember(member, value) ?? []);
  if (typeof name !== 'string' || !/^[a-z][a-z0-9-]*$/.test(name))
    flaws.push('its name is none: it begins with a letter and has small letters, digits and hyphens');
  else if (taken.plugins.has(name)) flaws.push(message`there is another plugin ${name}`);
  if (flaws.length > 0) return flaws;
  const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
  const own = list(settings).flatMap((setting) => (isObject(setting) && typeof setting['key'] === 'string' ? setting['key'] : []));
  return [
    ...list(facts).flatMap((fact) => flawOfFact(fact, taken) ?? []),
    ...own.filter((key, index) => own.indexOf(key) !== index).map((key) => message`there is another setting ${key}`),
    ...list(settings).flatMap((setting) => flawsOfSetting(setting, taken, own)),
    ...list(titled).flatMap((id) => (isSection(id) ? [] : message`there is no section ${String(id)}`)),
  ];
}
