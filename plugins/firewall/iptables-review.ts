import { type Text, type View, message, setting, yesNo } from '#kit';
import { readable } from '#steps';
import { unifiedDiff } from '../../src/setup/render/diff.ts';
import { proposed, savedRules } from './iptables-saved.ts';
import { isDriven } from './settings.ts';

/** A difference as lines for a screen, from the names of the two on. */
function linesOf(difference: string): readonly string[] {
  const text = difference.slice(difference.indexOf('--- ')).trimEnd();
  return text.replaceAll('\t', '    ').split('\n');
}

/** How the saved rules of iptables are going to change; nothing where they stay as they are, or cannot be changed. */
function changes(view: View): readonly Text[] {
  if (!isDriven(view, 'iptables')) return [];
  const saved = view.fact(savedRules);
  if (saved.some(({ flaw }) => flaw !== undefined)) return [];
  const differing = saved.map((one) => ({ ...one, then: proposed(view, one) })).filter(({ text, then }) => text !== then);
  return differing
    .flatMap((one) => linesOf(unifiedDiff(one.saved, readable(one.text), readable(one.then), { from: 'current', to: 'proposed' })))
    .map((line) => message`${line}`);
}

export const reviewChanges = setting({
  key: 'OVESETUP_CONFIG/firewallChangesReview',
  section: 'misc',
  kind: yesNo,
  about:
    'Whether the changes of the saved rules of iptables are shown before anything is changed. Given in an answer file, they are shown and nobody is asked.',
  ask: {
    name: 'OVESETUP_REVIEW_IPTABLES_CHANGES',
    text: 'Do you want to review the changes?',
    notes: ['The rules of iptables that are saved on this host are going to change.'],
  },
  when: (view) => changes(view).length > 0,
  initial: false,
});

export const acceptChanges = setting({
  key: 'OVESETUP_CONFIG/firewallChangesAccept',
  section: 'misc',
  kind: yesNo,
  about: 'Whether the changes of the saved rules of iptables that were shown are made. No ends the run, and nothing is changed.',
  ask: {
    name: 'OVESETUP_CONFIRM_IPTABLES_CHANGES',
    text: 'Do you want to proceed with these changes?',
    // Whoever has asked for the review in a file may not be there.
    when: (view) => !view.stated(reviewChanges),
  },
  remarks: (view) => (view.find(reviewChanges) === true ? changes(view).map((note) => ({ note })) : []),
  remember: false,
  when: (view) => view.find(reviewChanges) === true,
  initial: true,
  validate: (value) => (value ? undefined : { ends: 'The changes of the rules of iptables were rejected, so nothing was changed' }),
});
