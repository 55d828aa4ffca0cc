/** Everything a program learns from us: nothing else of our own environment, which may hold secrets. */
export const cleanEnvironment = (): Readonly<Record<string, string>> => ({
  PATH: process.env['PATH'] ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
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
