/*
 * The server that setup runs for the databases of this host.
 */

/** Directory of the unix sockets of the clusters of a whole host (Debian's postgresql-common). */
export const sockets = '/var/run/postgresql';

/** The password of the administrator of the server of a trial; that of a whole host lets root in by its socket. */
export const adminPassword = '/var/lib/pgsql/admin-password';

/** How the configuration of a service says that somebody else runs the server; the templates have the same line. */
export const foreignServer = '# The server of this database is run by somebody else.';
