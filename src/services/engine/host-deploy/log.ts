import { type WriteStream, createWriteStream } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';

/** The account of one installation of a host, in a file of its own. */
export interface DeployLog {
  readonly path: string;
  write(line: string): void;
  close(): Promise<void>;
}

const stamp = (now: Date): string => now.toISOString().replace(/\D/g, '').slice(0, 14);

/**
 * Opens a log, as the original calls it: `ovirt-host-deploy-TIME-HOST-ID.log`.
 * @param id tells installations of one host apart
 * Throws what the file system says.
 */
export async function openDeployLog(
  folder: string,
  on: { readonly now: Date; readonly address: string; readonly id: string },
): Promise<DeployLog> {
  await mkdir(folder, { recursive: true, mode: 0o750 });
  const name = ['ovirt-host-deploy', stamp(on.now), on.address, on.id].map((part) => part.replace(/[^\w.-]/g, '_')).join('-');
  const path = join(folder, `${name}.log`);
  const file = await open(path, 'ax', 0o640);
  const stream: WriteStream = createWriteStream(path, { fd: file, flags: 'a' });
  // A full disk loses lines, and no installation.
  stream.on('error', () => undefined);
  return {
    path,
    write: (line) => void stream.write(`${new Date().toISOString()} ${line.trimEnd()}\n`),
    close: () => new Promise((resolve) => stream.end(() => resolve())),
  };
}
