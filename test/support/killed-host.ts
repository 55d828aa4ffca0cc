import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

/*
 * A host that is killed (SIGKILL, as by a cut of the power) right before the Nth time that it changes anything on its disk while a verb of storage is at
 * work. Run as a program: `killed-host.ts '{"folder":..,"pool":..,"verb":..,"params":..,"killBefore":N}'`. Its exit code is 0 when the verb came
 * to its end first.
 */

interface Order {
  readonly folder: string;
  readonly localFolder: string;
  readonly pool: { readonly storagepoolID: string; readonly storagedomainID: string; readonly path: string };
  readonly verb: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly isTask: boolean;
  readonly killBefore: number;
}

const order = JSON.parse(process.argv[2] ?? '') as Order;
let isCounting = false;
let count = 0;

/** Stands before each change. */
const change = (): void => {
  if (isCounting && ++count === order.killBefore) process.kill(process.pid, 'SIGKILL');
};

type Functions = Record<string, (...args: unknown[]) => unknown>;
const patch = (target: object, names: readonly string[]): void => {
  const functions = target as Functions;
  for (const name of names) {
    const original = functions[name]!;
    functions[name] = function (this: unknown, ...args: unknown[]) {
      change();
      return original.apply(this, args);
    };
  }
};

patch(fs, ['rename', 'unlink', 'mkdir', 'rmdir', 'rm', 'symlink']);
const { open } = fs;
let isPatched = false;
fs.open = async (...args) => {
  // What is opened to be made is there from then on.
  if (typeof args[1] === 'number' && (args[1] & fs.constants.O_CREAT) !== 0) change();
  const file = await open(...args);
  if (!isPatched) patch(Object.getPrototypeOf(file) as object, ['writeFile', 'truncate', 'write', 'chmod']);
  isPatched = true;
  return file;
};
syncBuiltinESMExports();

// Only now, so that everything they import is the above.
const { joinPool, testLeases, testStorage } = await import('./host-storage.ts');
const host = await testStorage(order.folder, testLeases().of(), undefined, { localFolder: order.localFolder });
await joinPool(host, order.pool, 2);
const started = await host.task('StoragePool.spmStart', { storagepoolID: order.pool.storagepoolID });
if (started.code !== 0) throw new Error(started.message);
isCounting = true;
if (order.isTask) await host.ended(await host.call<string>(order.verb, order.params));
else await host.call(order.verb, order.params);
process.exit(0);
