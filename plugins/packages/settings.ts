import { type Remark, type View, fact, message, setting, yesNo } from '#kit';
import { managerWords } from './manager.ts';

/** Packages of this product that configured sources have in newer versions. */
export const updates = fact('package-updates', (host) => host.packages.updates());

/** `--offline` stands for this key. */
export const offline = setting({
  key: 'OVESETUP_CORE/offlinePackager',
  section: 'packages',
  kind: yesNo,
  about: 'Never asks package sources on the network: no check for updates, and no package is fetched.',
  initial: false,
});

/** The package that this program itself comes in. */
const setupPackage = 'engine-setup';

/** Newer versions of the product have newer steps: an old setup must not bring them in. */
const setupIsOld = (view: View): boolean => view.fact(updates).some(({ name }) => name === setupPackage);

const pending = (view: View): boolean => !view.get(offline) && view.fact(updates).length > 0;

export const enableUpgrade = setting({
  key: 'OSETUP_RPMDISTRO/enableUpgrade',
  section: 'packages',
  kind: yesNo,
  about: 'Updates the packages of the product before anything else is done.',
  remarks: (view) => {
    if (view.get(offline)) return [];
    const found: readonly Remark[] = view.fact(updates).length > 0 ? [] : [{ level: 'info', text: 'No product updates found' }];
    return [{ level: 'info', text: 'Checking for product updates...' }, ...found];
  },
  ask: {
    name: 'OVESETUP_RPMDISTRO_PACKAGE_UPGRADE',
    text: 'Do you want to update those packages now?',
    notes: (view) => [
      'Setup has found updates for these packages:',
      ...view.fact(updates).map(({ name, from, to }) => message`    ${name} ${from} -> ${to}`),
      'Setup will not be able to proceed without updating them. To leave them as they are, say --offline.',
    ],
  },
  preview: 'Upgrade packages',
  when: pending,
  initial: true,
  validate(value, view) {
    if (!value) return { ends: 'The packages have to be updated before setup can go on; --offline leaves them as they are' };
    return setupIsOld(view)
      ? {
          ends: message`There is an update for Setup itself. Update it first, then run it again: ${managerWords(view).update} ${setupPackage}`,
        }
      : undefined;
  },
});

/** Packages whose present version cannot be had any more. */
const irreversible = (view: View): readonly string[] =>
  view
    .fact(updates)
    .filter(({ reversible }) => !reversible)
    .map(({ name }) => name);

export const requireRollback = setting({
  key: 'OSETUP_RPMDISTRO/requireRollback',
  section: 'packages',
  kind: yesNo,
  about: 'Whether a run ends before any change if a package update could not be taken back.',
  remarks: (view) =>
    view.find(enableUpgrade) === true
      ? [{ level: 'info', text: 'Checking for an update for Setup...' }, { note: 'No update for Setup found.' }]
      : [],
  ask: {
    name: 'OVESETUP_RPMDISTRO_REQUIRE_ROLLBACK',
    text: 'Do you want to abort Setup?',
    notes: (view) => [
      'The present versions of these packages cannot be had from the configured sources, so their update could not be taken back:',
      message`    ${irreversible(view).join(', ')}`,
    ],
  },
  preview: 'Require packages rollback',
  when: (view) => pending(view) && view.find(enableUpgrade) === true && irreversible(view).length > 0,
  initial: true,
  validate: (value) => (value ? { ends: 'Setup was asked to end if a package update cannot be taken back' } : undefined),
});
