/*
 * The programs in bin/ keep a compile cache beside the sources, which is right for a clone. Below /usr nothing may be written.
 */

const beside = '${NODE_COMPILE_CACHE:-$here/node_modules/.cache/compile}';
const below = '${NODE_COMPILE_CACHE:-$cache/engine-setup/compile}';
const found = /^here=.*\n/m;

/**
 * Code is run from the cache as it stands, so root must not take it from a folder of somebody else: `sudo` may keep HOME, and the
 * environment may name any place. An ordinary user has one of their own (XDG Base Directory Specification).
 */
const choice = `cache=/var/cache
[ "$(id -u)" = 0 ] || cache=\${XDG_CACHE_HOME:-$HOME/.cache}
`;

/** A program of bin/ as it is installed: its compile cache is where the user may write. Throws for one that is not of this kind. */
export function installedLauncher(text: string): string {
  if (!text.includes(beside) || !found.test(text)) throw new Error('a program in bin/ no longer says where its compile cache is');
  return text.replace(found, (line) => line + choice).replace(beside, () => below);
}
