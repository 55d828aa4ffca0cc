import { fstatSync } from 'node:fs';

/** Whether a descriptor is the stream to the journal that systemd has announced: `device:inode` (systemd.exec(5), JOURNAL_STREAM). */
function isJournal(fd: number, announced: string | undefined): boolean {
  if (announced === undefined) return false;
  const { dev, ino } = fstatSync(fd);
  return announced === `${dev}:${ino}`;
}

/**
 * Where a service writes its log: standard output, which its unit leads into the file that administrators expect. Where standard error
 * leads to the journal, and standard output does not, each line goes there as well.
 */
export function standardLog({ stdout, stderr, env }: Pick<NodeJS.Process, 'stdout' | 'stderr' | 'env'>): (line: string) => void {
  const announced = env['JOURNAL_STREAM'];
  const twice = isJournal(stderr.fd, announced) && !isJournal(stdout.fd, announced);
  // The journal may go away; the file still has every line.
  if (twice) stderr.on('error', () => undefined);
  return (line) => {
    stdout.write(line);
    if (twice) stderr.write(line);
  };
}
