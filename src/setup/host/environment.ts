/** Everything a program learns from us: nothing else of our own environment, which may hold secrets. */
export const cleanEnvironment = (): Readonly<Record<string, string>> => ({
  PATH: process.env['PATH'] ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: process.env['HOME'] ?? '/',
  LC_ALL: 'C',
});
