import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Dialog, type Question, SetupError, message, term } from '#kit';
import { newEvents } from '../../../../src/setup/ui/events.ts';
import { newMask } from '../../../../src/setup/ui/mask.ts';
import { fileStep } from '../../../support/fakes.ts';

type Event = Record<string, unknown> & { readonly sequence: number; readonly type: string; readonly state?: string };

/** The run that the document tells: a question, two steps of which the second fails, and the way back. */
async function toldRun(): Promise<readonly Event[]> {
  const lines: string[] = [];
  const start = Date.UTC(2026, 2, 4, 5, 6, 7, 8);
  const events = newEvents({
    write: (line) => void lines.push(line),
    mask: newMask({ words: false }),
    now: () => new Date(start + lines.length * 250),
  });
  const silent: Dialog = {
    interactive: true,
    patient: true,
    title: () => undefined,
    note: () => undefined,
    log: () => undefined,
    provided: () => undefined,
    ask: async () => 'engine.example.com',
  };
  const dialog = events.watch(silent);
  const { observer } = events;
  const fqdn: Question = {
    name: 'OVESETUP_NETWORK_FQDN_this',
    text: 'Host fully qualified DNS name of this server',
    about: 'The name under which browsers and hosts reach the engine.',
    choices: [],
    initial: 'host.example.com',
    hidden: false,
    back: false,
  };
  const password: Question = { name: 'OVESETUP_CONFIG_ADMIN_SETUP', text: 'Engine admin password', choices: [], hidden: true };
  const ca = fileStep('pki/ca', '/ca', '', { title: 'Creating CA' });
  const schema = fileStep('engine/schema', '/schema', '', { title: 'Creating Engine database schema' });

  observer.stage('customization');
  dialog.title('NETWORK CONFIGURATION');
  await dialog.ask(fqdn);
  dialog.log('warning', message`Failed to resolve ${'engine.example.com'} using DNS`);
  dialog.provided(password, 'never seen');
  observer.stage('misc');
  observer.planned([ca, schema], new Map([['pki/ca', 2100]]));
  observer.started(ca);
  observer.said(ca, 'RSA key, 3072 bits');
  observer.ended(ca, 'done', 1873);
  observer.ended(fileStep('units/engine', '/unit', '', { title: 'Writing the unit of the engine' }), 'already', 2);
  observer.started(schema);
  observer.ended(schema, 'failed', 412, new SetupError('failed', message`${term(schema.title)}: no room on ${'/var'}`));
  observer.ended(ca, 'undone', undefined);
  dialog.note('Nothing is left of this run.');
  events.ended(1);
  return lines.map((line) => JSON.parse(line) as Event);
}

const document = readFileSync(new URL('../../../../docs/events.md', import.meta.url), 'utf8');
const shown = [...document.matchAll(/^```json\n(.*?)^```$/gms)].map(([, json = '']) => JSON.parse(json) as Event);
/** The part of the document below the heading of a type. */
const section = (type: string): string => document.split(/^## /m).find((part) => part.startsWith(`\`${type}\`\n`)) ?? '';

test('the examples of the document are what the program writes', async () => {
  const told = await toldRun();
  expect(shown.length).toBeGreaterThan(0);
  for (const example of shown) expect(example).toEqual(told.find(({ sequence }) => sequence === example.sequence));
});

test('the document has an example for each type and state', async () => {
  const name = ({ type, state = '' }: Event): string => `${type} ${state}`;
  expect(new Set(shown.map(name))).toEqual(new Set((await toldRun()).map(name)));
});

test('the document explains each field where it explains the type', async () => {
  const common = document.slice(0, document.indexOf('\n## `'));
  for (const event of await toldRun()) {
    const explained = common + section(event.type);
    for (const field of Object.keys(event)) expect(explained, `${field} of ${event.type}`).toMatch(new RegExp(`^\\| \`${field}\``, 'm'));
  }
});
