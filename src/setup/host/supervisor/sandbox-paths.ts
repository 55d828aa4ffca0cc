import { join } from 'node:path';

/** Where the services of a sandbox keep what they need, below its root. */
export const unitFile = (root: string, name: string): string => join(root, 'etc/systemd/system', `${name}.service`);
export const unitDirectory = (root: string): string => join(root, 'etc/systemd/system');
export const runDirectory = (root: string): string => join(root, 'run');
export const recordDirectory = (root: string): string => join(root, 'run/units');
/** Who supervises: a ProcessId. */
export const holderFile = (root: string): string => join(root, 'run/supervisor.json');
export const logDirectory = (root: string): string => join(root, 'var/log');
export const supervisorLog = (root: string): string => join(root, 'var/log/supervisor.log');
/** Output of a unit that names no file itself. */
export const defaultLog = (root: string, name: string): string => join(root, 'var/log', `${name}.log`);

/** Where the supervisor listens. */
export const socketFile = (root: string): string => join(root, 'run/supervisor.sock');

/** Unit names as we use them: without `.service`. */
export const bareName = (unit: string): string => unit.replace(/\.service$/, '');
/** Names that are safe as a part of a path. */
export const isUnitName = (name: string): boolean => /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}$/.test(name);
