import { type Event, severityName, type Subject } from './event.ts';

const titles: Readonly<Record<Subject, string>> = {
  user: 'User Name',
  vm: 'VM Name',
  vds: 'Host Name',
  vm_template: 'Template Name',
  storage_pool: 'Data Center Name',
  storage_domain: 'Storage Domain Name',
};

/** The subject by which people sort such mails: `alertMessage (engine.example.com), [text]`. Always one line. */
export function mailSubject(event: Event, hostName: string): string {
  const line = `${event.resolves ? 'resolveMessage' : 'alertMessage'} (${hostName}), [${event.message}]`;
  return oneLine(line).slice(0, 500);
}

/** What others have named may not look like a line of ours. */
const oneLine = (text: string): string => text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ');

/** The lines of a mail: what each is called, and what it says. */
function lines(event: Event): readonly (readonly [title: string, text: string])[] {
  const about = (Object.keys(titles) as Subject[]).flatMap((subject) => {
    const name = event.about[subject]?.name;
    return name === undefined || name === null || name === '' ? [] : [[titles[subject], oneLine(name)] as const];
  });
  return [['Time', event.time.toISOString()], ['Message', oneLine(event.message)], ['Severity', severityName(event.severity)], ...about];
}

export const plainBody = (event: Event): string =>
  lines(event)
    .map(([title, text]) => `${title}: ${text}\n`)
    .join('');

export const htmlBody = (event: Event): string =>
  lines(event)
    .map(([title, text]) => `<b>${title}:</b> ${escapeHtml(text)}<br>\n`)
    .join('');

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
