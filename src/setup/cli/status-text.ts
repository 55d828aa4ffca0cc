import type { Status } from './installation.ts';
import type { RunStatus } from './last-run.ts';
import type { ServiceStatus } from './service-status.ts';

const row = (label: string, text: string): string => `  ${label.padEnd(9)} ${text}`;
const rows = (label: string, text: string | undefined): readonly string[] => (text === undefined ? [] : [row(label, text)]);
const when = (word: string, time: string | undefined): string => (time === undefined ? '' : `, ${word} ${time}`);

function serviceLine({ name, state, pid, version, health }: ServiceStatus): string {
  const more = [version === undefined ? [] : `version ${version}`, health ?? [], pid === undefined ? [] : `process ${pid}`].flat();
  return `  ${name.padEnd(16)} ${state}${more.length === 0 ? '' : ` (${more.join(', ')})`}`;
}

function headline({ state, step, pid, began, ended, leftOver, problem }: RunStatus): string {
  const place = step === undefined ? '' : `step ${step.n} of ${step.of}, ${step.id}`;
  switch (state) {
    case 'active':
      return `active${when('since', began)}${pid === undefined ? '' : `, process ${pid}`}: ${step === undefined ? 'nothing is changed yet' : `${place}${when('since', step.since)}`}`;
    case 'done':
      return `done${when('ended', ended)}`;
    case 'rolled-back':
      return `failed, and everything was rolled back${when('ended', ended)}`;
    case 'cut-off':
      return `${leftOver === undefined ? 'cut off' : 'failed, and not wholly rolled back'}${place === '' ? '' : `: ${place}`}. Run engine-setup again: it takes that up`;
    case 'unclear':
      return problem ?? 'unclear';
  }
}

const runLines = (run: RunStatus): readonly string[] => [
  row(run.state === 'active' ? 'Run' : 'Last run', headline(run)),
  ...rows(
    '',
    run.failed === undefined ? undefined : `${run.failed.step} failed${run.failed.error === undefined ? '' : `: ${run.failed.error}`}`,
  ),
  ...rows('', run.leftOver === undefined ? undefined : `not taken back: ${run.leftOver.join(', ')}`),
  ...rows('Log', run.log),
];

/** What `engine-setup status` shows to people. */
export const statusText = (status: Status): string =>
  [
    `${status.root}: ${status.state}`,
    ...rows('Web', status.addresses?.web),
    ...rows('API', status.addresses?.api),
    ...rows('User', status.user),
    ...rows('Password', status.passwordFile === undefined ? undefined : `in ${status.passwordFile}`),
    ...status.services.map(serviceLine),
    ...(status.run === undefined ? [] : runLines(status.run)),
    ...(status.problems ?? []).flatMap(({ message, remedy }) => [row('Problem', message), row('', remedy)]),
  ].join('\n');
