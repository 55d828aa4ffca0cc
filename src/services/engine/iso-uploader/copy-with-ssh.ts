import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { isHostAddress } from '../hosts/host-address.ts';
import { Problem } from '../tool.ts';
import { quoted } from '../host-deploy/program.ts';
import { flaws, isoFolder, owner, type Wanted } from './copy.ts';
import { counting } from './source.ts';

export interface Login {
  readonly user: string;
  readonly port: number;
  /** Null for those that ssh finds itself. */
  readonly keyFile: string | null;
}

/** What the script below ends with, by what it has found. */
const codes: Readonly<Record<number, keyof typeof flaws>> = { 91: 'noFolder', 92: 'exists', 93: 'noSpace', 94: 'incomplete' };

/**
 * Runs on the file server, with the folder, the id of the domain (or nothing), the name, the size and whether files are replaced. Under its
 * name the file is there as a whole, or not at all. The folder belongs to others, and links in it may lead to what only root can write: so the
 * file is a new one (`set -C`), with its mode from the beginning, and nothing goes through a link.
 */
const script = `set -eu
umask 027
set -- "$1"/\${2:-*}/images/${isoFolder} "$3" "$4" "$5"
[ $# = 4 ] && [ -d "$1" ] || exit 91
if [ "$4" = no ] && [ -e "$1/$2" ]; then exit 92; fi
[ "$(df -Pk "$1" | awk 'NR == 2 { print int($4) }')" -ge "$(($3 / 1024))" ] || exit 93
fresh=$1/.$2
trap 'rm -f "$fresh"' EXIT
trap 'exit 94' HUP INT TERM
rm -f "$fresh"
set -C
cat >"$fresh"
[ "$(wc -c <"$fresh")" -eq "$3" ] || exit 94
if [ "$(id -u)" = 0 ]; then chown -h ${owner.user}:${owner.group} "$fresh"; fi
sync
if [ -L "$1/$2" ]; then rm -f "$1/$2"; fi
mv -f "$fresh" "$1/$2"
trap - EXIT`;

/** Copies a file to another host with the ssh program of this one, which knows keys and hosts. Throws a Problem. */
export async function copyWithSsh(wanted: Wanted, { user, port, keyFile }: Login): Promise<void> {
  const { source, place, force, passed } = wanted;
  // It becomes a word of a command line.
  if (!isHostAddress(place.host)) throw new Problem(`${place.host} is neither a host name nor an IP address.`);
  const words = [place.path, place.id ?? '', source.name, String(source.size), force ? 'yes' : 'no'];
  const command = `exec sh -c ${quoted(script)} sh ${words.map(quoted).join(' ')}`;
  const key = keyFile === null ? [] : ['-i', keyFile];
  const child = spawn('ssh', ['-T', '-p', String(port), ...key, '-l', user, '--', place.host, command], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const ended = new Promise<number>((resolve, reject) => {
    child.on('error', (error) => reject(new Problem(`ssh cannot be run (${(error as NodeJS.ErrnoException).code ?? error.message}).`)));
    child.on('close', (code) => resolve(code ?? 255));
  });
  // Why the other side ended early, its exit code tells.
  const sending = pipeline(createReadStream(source.path), counting(passed), child.stdin).catch(() => undefined);
  const code = await ended;
  await sending;
  if (code === 0) return;
  const flaw = codes[code];
  if (flaw !== undefined) throw flaws[flaw](wanted);
  throw new Problem(
    code === 255
      ? `${user}@${place.host} cannot be reached with ssh, or the connection was lost.`
      : `${source.name} cannot be copied to ${place.host}: the command there ended with ${code}.`,
  );
}
