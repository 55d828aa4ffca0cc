/** Where systems keep their programs. What starts us may leave some of it out: cron leaves out those of administrators. */
const folders: readonly string[] = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** A search path with all folders that systems keep programs in; those that it names come first. */
const complete = (path = ''): string => [...new Set([...(path === '' ? [] : path.split(':')), ...folders])].join(':');

/** Everything a program learns from us: nothing else of our own environment, which may hold secrets. */
export const cleanEnvironment = (): Readonly<Record<string, string>> => ({
  PATH: complete(process.env['PATH']),
  HOME: process.env['HOME'] ?? '/',
  LC_ALL: 'C',
});

/** Variables of our own environment, by name, as far as they are set. */
export const passedOn = (names: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    names.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
