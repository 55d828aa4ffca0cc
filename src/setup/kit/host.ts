import type { Message, Text } from './text.ts';

/** What lies at a path. Owner and group are names; they are left out where the host cannot set them (a sandbox without root). */
export type Entry =
  | { readonly kind: 'file'; readonly content: Uint8Array; readonly mode: number; readonly owner?: string; readonly group?: string }
  | { readonly kind: 'directory'; readonly mode: number; readonly owner?: string; readonly group?: string }
  | { readonly kind: 'link'; readonly target: string };

/** A command as an argument vector: there is no shell anywhere. Programs run with LC_ALL=C. */
export interface Command {
  readonly argv: readonly [string, ...string[]];
  /** Sent to standard input; the only way to hand a secret to a program. */
  readonly input?: string;
  /** Default 60 s. */
  readonly timeoutMs?: number;
  /** Names of variables of our own environment that the program gets too; it gets no others. */
  readonly pass?: readonly string[];
}
export interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where a database is and who we are there. */
export interface DatabaseAddress {
  /**
   * One server, or several with commas between them, of which the one that takes writes is used: `db1,db2:5433`. Or the directory of a
   * server's unix sockets: there the kernel vouches for the user, and no password is asked.
   */
  readonly host: string;
  readonly port: number;
  readonly name: string;
  readonly user: string;
  readonly password: string;
  /** Absent: without TLS. 'required': encrypted, whoever answers. 'verified': its certificate has to fit the host name too. */
  readonly tls?: 'required' | 'verified';
  /** Certificates in PEM of authorities that are trusted for `verified`, beside those that the system trusts. */
  readonly authority?: string;
}
export interface Statement {
  readonly text: string;
  readonly values?: readonly unknown[];
}
/** A session. */
export interface Sql {
  rows<R = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<readonly R[]>;
}
/** A session that may change things. */
export interface SqlWriter extends Sql {
  /** Runs all statements in one transaction: all of them, or none. */
  atomically(statements: readonly Statement[]): Promise<void>;
}

/** Two databases at once: the one is read as it was at one moment, and what is done to the other is one transaction. */
export interface Transfer {
  readonly from: Sql;
  readonly to: Sql;
  /** Sends what a `COPY ... TO STDOUT` says on the one to a `COPY ... FROM STDIN` on the other. Returns how many rows that were. */
  copy(out: string, into: string): Promise<number>;
}

/** A process that holds a port. Name and pid are unknown when the process belongs to somebody else and we are not root. */
export interface Listener {
  readonly pid?: number;
  readonly program?: string;
}
export interface Response {
  readonly status: number;
  readonly body: string;
}

/** PostgreSQL's programs, which refuse to run as root. */
export interface PostgresPrograms {
  /** Where initdb and postgres lie. */
  readonly directory: string;
  /** Words to put in front of their argument vectors; none for an ordinary user. */
  readonly launcher: readonly string[];
  /** Account that must own the cluster, where the launcher changes to another one. */
  readonly owner?: string;
  /** Why they cannot be run here, and what to do about it. */
  readonly problem?: { readonly message: Text; readonly remedy: Text };
}

/** Where an SSH server is, and how long it may take to answer. */
export interface SshAddress {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
}
/** The public key by which an SSH server is known. */
export interface SshHostKey {
  /** 'ssh-ed25519' */
  readonly type: string;
  /** As known_hosts has it. */
  readonly base64: string;
  /** As ssh-keygen prints it: `SHA256:` and 43 characters. */
  readonly fingerprint: string;
}
/** How root logs in somewhere. */
export interface SshLogin extends SshAddress {
  /** Fingerprints of the host keys that are accepted: nothing is sent to a server that shows another one. */
  readonly hostKeys: readonly string[];
  /** Empty: with the private keys. */
  readonly password: string;
  /** Private keys in PEM; those with a passphrase are passed over. */
  readonly keys: readonly string[];
}
/** Why nobody gets in. `no-...`: the server takes none, or there are none; `not-root`: in, but without a shell of root. */
export type SshFailure = 'unreachable' | 'another-key' | 'denied' | 'no-passwords' | 'no-keys' | 'not-root';

/** What kind of machine the host is. */
export interface System {
  /** Whole memory, in MiB. */
  readonly memoryMiB: number;
  /** What /etc/os-release says of itself: 'debian', '12', 'Debian GNU/Linux 12 (bookworm)'. */
  readonly distribution: {
    readonly id: string;
    readonly version: string;
    readonly title: string;
    /** Those that it is like, the nearest first: 'rhel', 'centos', 'fedora'. */
    readonly like?: readonly string[];
  };
}
/** A package that a configured source offers in a newer version. */
export interface PackageUpdate {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  /** Whether the installed version can still be had, so that the update can be taken back. */
  readonly reversible: boolean;
}

/** The program itself. Its folders differ where setup runs from a clone: services of a whole host run from a copy. */
export interface Program {
  /** Where setup runs from. */
  readonly from: string;
  /** Where services run from. */
  readonly home: string;
  /** Files and folders below `from` that make up the program; none where `home` is `from`. */
  readonly parts: readonly string[];
  /** Whether what is ours in `home` is all there, as it is in `from`. */
  readonly intact: boolean;
}

/** What a service says of itself on its socket (`/healthz`): without control characters, since it is shown on terminals of root. */
export interface ServiceHealth {
  readonly service: string;
  readonly version: string;
  readonly state: string;
  readonly checks: Readonly<Record<string, string>>;
}

/** Looking without touching. Facts, validation, preflight and `check()` receive this one. */
export interface HostReader {
  readonly files: {
    read(path: string): Promise<Entry | undefined>;
    /** Names in a directory, sorted; empty if it is not there. */
    list(path: string): Promise<readonly string[]>;
    /** Bytes that may still be written below a path. */
    free(path: string): Promise<number>;
    /** The path as programs outside of this host object see it: prefixed in a sandbox, unchanged on a real host. */
    real(path: string): string;
  };
  readonly services: {
    isActive(unit: string): Promise<boolean>;
    isEnabled(unit: string): Promise<boolean>;
    /** Whether there is such a unit at all. */
    exists(unit: string): Promise<boolean>;
  };
  readonly packages: {
    /** The installed version; undefined: not installed. */
    version(name: string): Promise<string | undefined>;
    /** Names of all packages of which anything is here, also of those that are half installed. */
    installed(): Promise<readonly string[]>;
    /** Those of the installed packages that these need, directly or through others, themselves included. */
    neededBy(names: readonly string[]): Promise<readonly string[]>;
    /** Which of these were brought by another package, so that the package manager may offer to take them away with it. */
    automatic(names: readonly string[]): Promise<readonly string[]>;
    /** Packages of this product with newer versions, by name. */
    updates(): Promise<readonly PackageUpdate[]>;
    /** Asks the sources of packages, over the network, whether these can be installed: why not, in their words. Changes nothing. */
    unobtainable(names: readonly string[]): Promise<Text | undefined>;
  };
  readonly network: {
    hostname(): Promise<string>;
    /** Addresses of the network interfaces. */
    addresses(): Promise<readonly string[]>;
    /** Those of them by which others reach this host for some time: no loopback, no link-local or temporary ones, none of inner bridges. */
    stableAddresses(): Promise<readonly string[]>;
    /** Asks the resolver of the system (hosts file, then DNS). Empty: unknown name. */
    resolve(name: string): Promise<readonly string[]>;
    /** Asks the DNS servers alone, passing the hosts file by. Empty: they do not know the name, or do not answer. */
    dns(name: string): Promise<readonly string[]>;
    /** Names that the DNS servers have for an address. */
    reverse(address: string): Promise<readonly string[]>;
    /** Where names are looked up, in words: `/etc/hosts and the DNS server 192.0.2.53`. */
    lookedUpIn(): Promise<Message>;
    /** Who listens on a port of this host; of TCP, unless said otherwise. */
    listener(port: number, protocol?: 'tcp' | 'udp'): Promise<Listener | undefined>;
    /** GET over HTTPS from this host, trusting only the given CA. Throws when there is no answer. */
    get(request: { readonly url: string; readonly ca: string; readonly timeoutMs: number }): Promise<Response>;
    /** Whether an SSH server answers at a port of a host. */
    answersSsh(at: SshAddress): Promise<boolean>;
    /** What a service of ours says at the real path of its socket; undefined if it does not answer. */
    health(socket: string): Promise<ServiceHealth | undefined>;
    /** The keys that an SSH server proves to have, the best kind first; none where there is no server. */
    sshHostKeys(at: SshAddress): Promise<readonly SshHostKey[]>;
    /** Tries to log in as root, and looks who it is there. undefined: root is in. */
    sshLogin(login: SshLogin): Promise<SshFailure | undefined>;
    /** Reads a file as root on another host; `text` is undefined where it is not there. Says why where nobody gets in. */
    readOverSsh(login: SshLogin, path: string): Promise<{ readonly text: string | undefined } | SshFailure>;
  };
  readonly database: {
    /** A read-only session: PostgreSQL itself refuses writes. Throws DatabaseUnavailable. */
    look<R>(at: DatabaseAddress, work: (sql: Sql) => Promise<R>): Promise<R>;
  };
  readonly crypto: {
    /** Random bytes; from the host, so that tests can fix them. */
    random(bytes: number): Buffer;
    /** A new RSA private key as PKCS#8 PEM. */
    newPrivateKey(bits: number): Promise<string>;
    /** PBKDF2 of a password with HMAC-SHA-256 (RFC 8018), 32 bytes, off the main thread. */
    pbkdf2(password: string, salt: Uint8Array, iterations: number): Promise<Buffer>;
    /** scrypt of a password (RFC 7914), 32 bytes, off the main thread. */
    scrypt(password: string, salt: Uint8Array, cost: { readonly ln: number; readonly r: number; readonly p: number }): Promise<Buffer>;
    /**
     * Encrypts a short text for the owner of a certificate, as the engine keeps passwords that it has to hand on: a `$`, and base64 of
     * RSA-OAEP with SHA-256 (RFC 8017). Of RSA 2048 at most 190 bytes.
     */
    seal(certificate: string, text: string): string;
    /** The text again, with the private key; undefined where it was not encrypted for that. */
    unseal(key: string, sealed: string): string | undefined;
  };
  /** A command that promises not to change anything. */
  query(command: Command): Promise<Output>;
  /** Who runs setup: name and whether it is root. */
  user(): Promise<{ readonly name: string; readonly root: boolean }>;
  postgres(): Promise<PostgresPrograms>;
  program(): Promise<Program>;
  system(): Promise<System>;
  now(): Date;
  sleep(ms: number): Promise<void>;
}

/** Touching. Only `prepare()`, `apply()` and `undo()` receive this one. */
export interface Host extends HostReader {
  readonly files: HostReader['files'] & {
    /** Puts an entry in place in one move (written beside, synced, renamed); missing parent directories are made 0755. */
    write(path: string, entry: Entry): Promise<void>;
    /** Appends one line and syncs it to disk. */
    append(path: string, line: string): Promise<void>;
    /** Removes a file, a link or a whole directory; nothing there is fine. */
    remove(path: string): Promise<void>;
    rename(from: string, to: string): Promise<void>;
  };
  readonly services: HostReader['services'] & {
    enable(unit: string, on: boolean): Promise<void>;
    start(unit: string): Promise<void>;
    stop(unit: string): Promise<void>;
    restart(unit: string): Promise<void>;
    reload(unit: string): Promise<void>;
  };
  readonly packages: HostReader['packages'] & {
    /** Installs packages of the system with what they need. */
    install(names: readonly string[]): Promise<void>;
    /** Removes packages with their configuration. */
    remove(names: readonly string[]): Promise<void>;
    /** Notes whether packages were brought by another one, or are wanted themselves. */
    mark(names: readonly string[], as: 'automatic' | 'wanted'): Promise<void>;
  };
  readonly database: HostReader['database'] & {
    change<R>(at: DatabaseAddress, work: (sql: SqlWriter) => Promise<R>): Promise<R>;
    /** Takes as long as it takes: no statement has a time limit. */
    transfer<R>(from: DatabaseAddress, to: DatabaseAddress, work: (both: Transfer) => Promise<R>): Promise<R>;
  };
  run(command: Command): Promise<Output>;
  /** Runs a command as root on another host: words for the shell there. Says why where nobody gets in. */
  runOverSsh(login: SshLogin, command: string, input: string): Promise<Output | SshFailure>;
}

/** A file entry from text. */
export const file = (content: string, mode: number, owner?: string, group?: string): Entry => ({
  kind: 'file',
  content: Buffer.from(content, 'utf8'),
  mode,
  ...(owner === undefined ? {} : { owner }),
  ...(group === undefined ? {} : { group }),
});

/** The text of an entry; empty if it is no file. */
export const textOf = (entry: Entry | undefined): string => (entry?.kind === 'file' ? Buffer.from(entry.content).toString('utf8') : '');

/** The text of a file; undefined if there is no file at the path. */
export const readText = async (host: HostReader, path: string): Promise<string | undefined> => {
  const entry = await host.files.read(path);
  return entry?.kind === 'file' ? textOf(entry) : undefined;
};

/** Whether two entries are the same. Owners count only where both are known. */
export const sameEntry = (a: Entry | undefined, b: Entry | undefined): boolean => {
  if (a === undefined || b === undefined) return a === b;
  if (a.kind === 'link' || b.kind === 'link') return a.kind === 'link' && b.kind === 'link' && a.target === b.target;
  if (a.kind !== b.kind || a.mode !== b.mode) return false;
  if (a.owner !== undefined && b.owner !== undefined && a.owner !== b.owner) return false;
  if (a.group !== undefined && b.group !== undefined && a.group !== b.group) return false;
  return a.kind === 'directory' || (b.kind === 'file' && Buffer.compare(a.content, b.content) === 0);
};
