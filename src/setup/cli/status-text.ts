import { type Catalogue, type Message, type Text, column, inWords, message, term } from '#kit';
import type { Status } from './installation.ts';
import type { RunStatus } from './last-run.ts';
import type { ServiceStatus } from './service-status.ts';

/** The states of an installation and of its services as words. */
const words: Readonly<Record<Status['state'] | ServiceStatus['state'], Text>> = {
  'not installed': 'not installed',
  running: 'running',
  stopped: 'stopped',
  degraded: 'degraded',
  failed: 'failed',
  restarting: 'restarting',
  unknown: 'unknown',
};

/** What a service says of itself; a word that is not known here is shown as it is. */
const healthWords: ReadonlyMap<string, Text> = new Map<string, Text>([
  ['ready', 'ready'],
  ['degraded', 'degraded'],
]);

const row = (label: Text, text: string | Message): Text => message`  ${column(label, 9)} ${text}`;
const rows = (label: Text, text: string | Message | undefined): readonly Text[] => (text === undefined ? [] : [row(label, text)]);

function serviceLine({ name, state, pid, version, health }: ServiceStatus, width: number, catalogue: Catalogue): Text {
  const more = [
    version === undefined ? [] : message`version ${version}`,
    health === undefined ? [] : (healthWords.get(health) ?? message`${health}`),
    pid === undefined ? [] : message`process ${pid}`,
  ].flat();
  const about = more.length === 0 ? '' : ` (${more.map((text) => inWords(text, catalogue)).join(', ')})`;
  return message`  ${name.padEnd(width)} ${term(words[state])}${about}`;
}

const since = (time: string | undefined): Message | '' => (time === undefined ? '' : message`, since ${time}`);
const ended = (time: string | undefined): Message | '' => (time === undefined ? '' : message`, ended ${time}`);
const process = (pid: number | undefined): Message | '' => (pid === undefined ? '' : message`, process ${pid}`);

/** A step by its title, with the id that the plan and the log have for it. */
const stepName = (id: string, { titles }: RunStatus): Message => {
  const title = titles?.[id];
  return title === undefined ? message`${id}` : message`${term(title)} (${id})`;
};

/** Where a run is, or was cut off. */
const placeOf = (run: RunStatus): Message | undefined =>
  run.step === undefined ? undefined : message`step ${run.step.n} of ${run.step.of}, ${stepName(run.step.id, run)}`;

/** How a run ended that is to be taken up. */
function unfinished(run: RunStatus): Message {
  const place = placeOf(run);
  const how = run.leftOver === undefined ? term('cut off') : term('failed, and not wholly rolled back');
  return message`${place === undefined ? how : message`${how}: ${place}`}. Run engine-setup again: it takes that up`;
}

function headline(run: RunStatus): Message {
  const place = placeOf(run);
  switch (run.state) {
    case 'active':
      return message`active${since(run.began)}${process(run.pid)}: ${place === undefined ? term('nothing is changed yet') : message`${place}${since(run.step?.since)}`}`;
    case 'done':
      return message`done${ended(run.ended)}`;
    case 'rolled-back':
      return message`failed, and everything was rolled back${ended(run.ended)}`;
    case 'cut-off':
      return unfinished(run);
    case 'unclear':
      return term(run.problem ?? 'unclear');
  }
}

/** What made a run fail. */
function failure(run: RunStatus): Message | undefined {
  if (run.failed === undefined) return undefined;
  const step = stepName(run.failed.step, run);
  return run.failed.error === undefined ? message`${step} failed` : message`${step} failed: ${term(run.failed.error)}`;
}

/** What could not be taken back. */
const leftOver = (run: RunStatus, catalogue: Catalogue): Message | undefined =>
  run.leftOver === undefined
    ? undefined
    : message`not taken back: ${run.leftOver.map((id) => inWords(stepName(id, run), catalogue)).join(', ')}`;

const runLines = (run: RunStatus, catalogue: Catalogue): readonly Text[] => [
  row(run.state === 'active' ? 'Run' : 'Last run', headline(run)),
  ...rows('', failure(run)),
  ...rows('', leftOver(run, catalogue)),
  ...rows('Log', run.log),
];

/** What `engine-setup status` shows to people, in the language of a catalogue. */
export const statusText = (status: Status, catalogue: Catalogue): string =>
  [
    message`${status.root}: ${term(words[status.state])}`,
    ...rows('Web', status.addresses?.web),
    ...rows('API', status.addresses?.api),
    ...rows('User', status.user),
    ...rows('Password', status.passwordFile === undefined ? undefined : message`in ${status.passwordFile}`),
    ...status.services.map((service) => serviceLine(service, Math.max(16, ...status.services.map(({ name }) => name.length)), catalogue)),
    ...(status.run === undefined ? [] : runLines(status.run, catalogue)),
    ...(status.problems ?? []).flatMap(({ message: what, remedy }) => [row('Problem', term(what)), row('', term(remedy))]),
  ]
    .map((line) => inWords(line, catalogue))
    .join('\n');
