import { chmodSync, lstatSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { SetupError, messageOf } from '../kit/errors.ts';
import { type Text, message } from '../kit/text.ts';
import { pluginDirectory } from './third-party/load.ts';

/** Marks a directory as ours: only such a one is used again, and only such a one may be deleted by `sandbox reset`. */
const marker = '.engine-setup-sandbox';

/** Whether there is nothing on the way to the plugins but the way itself, without links. */
function holdsPluginsAlone(root: string): boolean {
  let path = root;
  for (const part of pluginDirectory) {
    const names = readdirSync(path);
    path = join(path, part);
    if (names.length !== 1 || names[0] !== part || !lstatSync(path).isDirectory()) return false;
  }
  return true;
}

/**
 * What lies at the directory: nothing yet, a sandbox, or something that is not ours.
 * `prepared` is one with nothing but plugins of third parties, which shall take part in the first installation.
 */
export function kindOfRoot(root: string): 'absent' | 'empty' | 'prepared' | 'sandbox' | 'foreign' {
  const stat = lstatSync(root, { throwIfNoEntry: false });
  if (stat === undefined) return 'absent';
  if (!stat.isDirectory()) return 'foreign';
  const names = readdirSync(root);
  if (names.includes(marker)) return 'sandbox';
  if (names.length === 0) return 'empty';
  return holdsPluginsAlone(root) ? 'prepared' : 'foreign';
}

/** Units, and so commands, are read from below the directory: nobody else may be able to put them there. */
function isOnlyOurs(path: string, kind: ReturnType<typeof kindOfRoot>): boolean {
  const { uid, mode } = lstatSync(path);
  // An empty one gets its mode when it is claimed.
  return uid === process.geteuid?.() && (kind === 'empty' || (mode & 0o022) === 0);
}

/** The absolute path of the sandbox that `--root` names. Throws `refused` for a directory that holds other things. */
export function sandboxRoot(root: string): string {
  const remedy: Text = 'Name a new or an empty directory with --root.';
  // Some of the files that name the directory have no way to say these.
  if (root === '' || /\p{Cc}/u.test(root))
    throw new SetupError('refused', 'The name of a sandbox is empty or holds control characters', { remedy });
  const path = resolve(root);
  let kind: ReturnType<typeof kindOfRoot>;
  try {
    kind = kindOfRoot(path);
  } catch (error) {
    throw new SetupError('refused', message`${path} cannot be used: ${messageOf(error)}`, { remedy });
  }
  if (path === '/' || kind === 'foreign') {
    throw new SetupError('refused', message`${path} is not a sandbox of engine-setup, and not empty`, { remedy });
  }
  if (kind !== 'absent' && !isOnlyOurs(path, kind)) {
    const why = message`${path} belongs to another user, or other users may write into it: they could have us run what they like`;
    throw new SetupError('refused', why, { remedy });
  }
  return path;
}

/** Makes the directory a sandbox; only its owner may look inside. */
export function claimRoot(path: string): void {
  if (kindOfRoot(path) === 'sandbox') return;
  try {
    // As root, PostgreSQL may have to run as another account: that one must get through, though it need not look around.
    const mode = process.getuid?.() === 0 ? 0o711 : 0o700;
    mkdirSync(path, { recursive: true, mode });
    chmodSync(path, mode);
    writeFileSync(join(path, marker), 'Everything below this directory belongs to engine-setup and may be deleted by it.\n');
  } catch (error) {
    throw new SetupError('refused', message`${path} cannot be used: ${messageOf(error)}`, {
      remedy: 'Name another directory with --root, or make room.',
    });
  }
}
