import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { errorFields } from '../../frame/log.ts';
import { authorizedKey } from './authorized-keys.ts';
import { engineDoor } from '../engine-door.ts';
import { loadSettings, usualConfiguration } from '../settings.ts';

/*
 * What sshd asks for the keys of people who want in (AuthorizedKeysCommand in sshd_config(5)): `main.ts FINGERPRINT TYPE KEY`. Prints a
 * line for whoever owns that key, and nothing for nobody's. With --check it asks for a key that nobody has: whether the engine answers.
 */

/** The key of no one: that of RFC 8032 for the first of its test vectors, whose private half everybody knows. */
const nobodys = {
  fingerprint: 'SHA256:bbXpuKG6zhzdmnxq256TlqzFBzRl2f6OOg722cYNbU8',
  type: 'ssh-ed25519',
  base64: 'AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea',
};

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { config: { type: 'string', default: usualConfiguration }, check: { type: 'boolean', default: false } },
  });
  const engine = await engineDoor((await loadSettings(values.config)).engine, Date.now);
  if (values.check) {
    await engine.owners(nobodys);
  } else {
    const [fingerprint = '', type = '', base64 = ''] = positionals;
    const shell = [process.execPath, fileURLToPath(new URL('../shell/main.ts', import.meta.url)), `--config=${values.config}`];
    const owners = await engine.owners({ fingerprint, type, base64 });
    process.stdout.write(owners.map((user) => authorizedKey({ type, base64 }, user, shell)).join(''));
  }
} catch (error) {
  // sshd writes this to its log, and lets nobody in.
  process.stderr.write(`keys of users: ${errorFields(error).error}\n`);
  process.exitCode = 1;
}
