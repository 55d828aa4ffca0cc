import type { Text } from '../kit/text.ts';

/** One option as the command line and `--help` know it. */
export interface Option {
  readonly type: 'string' | 'boolean';
  readonly about: Text;
  /** What stands behind the equals sign in the help. */
  readonly value?: string;
  /** Whether an empty value means something. */
  readonly mayBeEmpty?: true;
  /** The only values there are. */
  readonly choices?: readonly string[];
  /** The only commands it means something to; all of them where it is left out. */
  readonly only?: readonly CommandName[];
  readonly multiple?: true;
  readonly short?: string;
}

/** The commands, with the line that `--help` shows for each. */
export const commands = {
  setup: 'install, or bring an installation to what the answers want (the default)',
  plan: 'show what setup would change, and change nothing',
  rollback: 'take back an unfinished run',
  status: 'show addresses, services, and how the last run went',
  answers: 'explain FILE..., or convert FILE...: what answer files say, or the same in the other format',
  pki: 'import: a certificate for browsers to see; sign FILE: the request of a proxy on another host',
  db: 'check: what a database and its server lack, all at once, and what mends it',
  sandbox: 'start, stop or reset: a trial below --root, default .sandbox',
} as const satisfies Record<string, Text>;
export type CommandName = keyof typeof commands;

/** The options by what they are about, each with the line that `--help` shows for it. */
export const optionGroups = {
  installed: {
    root: { type: 'string', value: 'DIR', about: 'install below this directory; nothing else is touched' },
    'reconfigure-optional-components': { type: 'boolean', about: 'ask again for the optional components that were declined' },
    'reconfigure-dwh-scale': { type: 'boolean', about: 'ask again for the scale of the data warehouse' },
    offline: { type: 'boolean', about: 'look for no packages and update none' },
    'jboss-home': { type: 'string', value: 'DIR', about: 'has no effect: there is no JBoss here' },
  },
  answers: {
    'config-append': {
      type: 'string',
      value: 'FILE',
      multiple: true,
      about: 'read answers from this file or pipe (.conf, .yaml); may be repeated, the last one wins',
    },
    config: {
      type: 'string',
      value: 'FILE',
      multiple: true,
      about: 'read FILE and FILE.d instead of /etc/ovirt-engine-setup.conf and its directory',
    },
    set: { type: 'string', value: 'KEY=VALUE', multiple: true, about: 'give one answer; not for secrets' },
    'set-file': {
      type: 'string',
      value: 'KEY=PATH',
      multiple: true,
      about: 'give the first line of this file or pipe as an answer; also for secrets',
    },
    'set-fd': { type: 'string', value: 'KEY=N', multiple: true, about: 'the same from an open file descriptor' },
    'otopi-environment': {
      type: 'string',
      value: 'STATEMENTS',
      mayBeEmpty: true,
      about: 'give answers as KEY=type:value, quoted as in a shell; they win over --set',
    },
    'accept-defaults': { type: 'boolean', about: 'take the default where there is one, without asking' },
    allow: {
      type: 'string',
      value: 'ID',
      multiple: true,
      about: 'accept the doubts of these names; may be repeated, or a list with commas',
    },
    yes: { type: 'boolean', about: 'give the final confirmation; it accepts no doubts' },
    'generate-answer': { type: 'string', value: 'FILE', about: 'also write the answers of this run to this file' },
    'with-secrets': { type: 'boolean', about: 'with --generate-answer: write the passwords into that file, too' },
  },
  certificate: {
    certificate: {
      type: 'string',
      value: 'FILE',
      only: ['pki'],
      about: 'the certificate, PEM with others in any order, or PKCS#12 with the key',
    },
    key: { type: 'string', value: 'FILE', only: ['pki'], about: 'its private key, PEM; may be locked with a password' },
    chain: {
      type: 'string',
      value: 'FILE',
      only: ['pki'],
      about: 'the certificates above it up to the root, PEM, where they stand in another file',
    },
    'key-password-file': {
      type: 'string',
      value: 'FILE',
      only: ['pki'],
      about: 'a file whose first line is the password of the key, or of the PKCS#12 file',
    },
    name: { type: 'string', value: 'NAME', only: ['pki'], about: 'with pki sign: the host whose proxy wants the certificate' },
    ours: { type: 'boolean', only: ['pki'], about: 'go back to a certificate of the internal CA' },
  },
  database: {
    host: { type: 'string', value: 'HOST', only: ['db'], about: 'the server, or several with commas; default: localhost' },
    port: { type: 'string', value: 'PORT', only: ['db'], about: 'its port; default: 5432' },
    database: { type: 'string', value: 'NAME', only: ['db'], about: 'the database; default: engine, or ovirt_engine_history' },
    user: { type: 'string', value: 'NAME', only: ['db'], about: 'the role that owns it; default: named as the database' },
    'password-file': {
      type: 'string',
      value: 'FILE',
      only: ['db'],
      about: 'a file or pipe whose first line is the password of that role; else it is asked for',
    },
    'password-fd': { type: 'string', value: 'N', only: ['db'], about: 'the same from an open file descriptor' },
    tls: {
      type: 'string',
      value: 'KIND',
      choices: ['required', 'verified'],
      only: ['db'],
      about: 'connect with TLS: required, or verified, so that the certificate has to fit the name of the host',
    },
    kind: { type: 'string', value: 'KIND', choices: ['engine', 'dwh'], only: ['db'], about: 'what it is for: engine (the default) or dwh' },
  },
  dialog: {
    dialog: {
      type: 'string',
      value: 'KIND',
      choices: ['lines', 'terminal', 'machine'],
      about: 'lines (also through a pipe), terminal (menus and editing) or machine (a front end); default: what fits',
    },
    'no-input': { type: 'boolean', about: 'ask nothing and read nothing, even on a terminal' },
    events: {
      type: 'string',
      value: 'json',
      choices: ['json'],
      only: ['setup', 'rollback', 'pki', 'sandbox'],
      about: 'write what happens to standard output as JSON lines, and all texts for people to standard error',
    },
    'events-fd': {
      type: 'string',
      value: 'N',
      only: ['setup', 'rollback', 'pki', 'sandbox'],
      about: 'with --events=json: write it to this open file descriptor, and leave standard output to the dialog',
    },
    log: { type: 'string', value: 'FILE', about: 'write the log to this file instead of the usual place' },
    json: { type: 'boolean', only: ['plan', 'status', 'answers', 'db'], about: 'print one JSON document, in which errors stand as well' },
    to: {
      type: 'string',
      value: 'FORMAT',
      choices: ['yaml', 'conf'],
      only: ['answers'],
      about: 'with answers convert: the format to write, yaml or conf',
    },
    output: {
      type: 'string',
      value: 'FILE',
      only: ['answers'],
      about: 'with answers convert: the file to write instead of standard output',
    },
    help: { type: 'boolean', short: 'h', about: 'show this help' },
    version: { type: 'boolean', about: 'show the version' },
  },
} as const satisfies Record<string, Record<string, Option>>;

type Groups = typeof optionGroups;

/** What the help calls these groups. */
export const groupTitles: Readonly<Record<keyof Groups, Text>> = {
  installed: 'What is installed',
  answers: 'Answers',
  certificate: 'The certificate that browsers see, with pki import',
  database: 'The database that db check looks at; without them, those of the installation',
  dialog: 'Dialog and output',
};

type Options = Groups['installed'] & Groups['answers'] & Groups['certificate'] & Groups['database'] & Groups['dialog'];
export type OptionName = keyof Options;

/** All options by name. */
export const options: ReadonlyMap<string, Option> = new Map<string, Option>(
  Object.values(optionGroups).flatMap((group) => Object.entries(group)),
);
