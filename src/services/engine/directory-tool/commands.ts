import { type Arguments, common, type OptionName } from './arguments.ts';
import { addGroup, addMember, deleteGroup, editGroup, removeMember, showGroup, showMembers } from './groups.ts';
import { refuseExposed } from './password-source.ts';
import { misuse } from '../tool.ts';
import { query } from './query.ts';
import { setSetting, showSettings } from './settings.ts';
import { addUser, deleteUser, editUser, resetPassword, showUser, type ToolParts, unlockUser } from './users.ts';

interface Command {
  readonly about: string;
  readonly options: readonly OptionName[];
  /** What it is done to, where it takes a name. */
  readonly subject?: 'USER' | 'GROUP';
  readonly run: (name: string, given: Arguments, parts: ToolParts) => Promise<string>;
}

const ofUser: readonly OptionName[] = ['account-valid-from', 'account-valid-to', 'account-login-time', 'attribute', 'flag', 'id'];
const ofGroup: readonly OptionName[] = ['attribute', 'id'];

const commands: Readonly<Record<string, Command>> = {
  'user add': { about: 'adds a user', subject: 'USER', options: ofUser, run: addUser },
  'user edit': { about: 'changes a user', subject: 'USER', options: [...ofUser, 'new-name', 'password-valid-to'], run: editUser },
  'user delete': { about: 'removes a user', subject: 'USER', options: [], run: deleteUser },
  'user unlock': { about: 'takes a lock away', subject: 'USER', options: [], run: unlockUser },
  'user password-reset': {
    about: 'sets a password',
    subject: 'USER',
    options: ['password', 'password-valid-to', 'force'],
    run: resetPassword,
  },
  'user show': { about: 'shows a user', subject: 'USER', options: [], run: showUser },
  'group add': { about: 'adds a group', subject: 'GROUP', options: ofGroup, run: addGroup },
  'group edit': { about: 'changes a group', subject: 'GROUP', options: [...ofGroup, 'new-name'], run: editGroup },
  'group delete': { about: 'removes a group', subject: 'GROUP', options: [], run: deleteGroup },
  'group show': { about: 'shows a group', subject: 'GROUP', options: [], run: showGroup },
  'group-manage useradd': { about: 'puts a user into a group', subject: 'GROUP', options: ['user'], run: addMember('user') },
  'group-manage userdel': { about: 'takes a user out of a group', subject: 'GROUP', options: ['user'], run: removeMember('user') },
  'group-manage groupadd': { about: 'puts a group into a group', subject: 'GROUP', options: ['group'], run: addMember('group') },
  'group-manage groupdel': { about: 'takes a group out of a group', subject: 'GROUP', options: ['group'], run: removeMember('group') },
  'group-manage show': { about: 'shows who is in a group', subject: 'GROUP', options: [], run: showMembers },
  query: { about: 'looks users or groups up', options: ['what', 'pattern'], run: (_name, given, parts) => query(given, parts) },
  'settings show': { about: 'shows the settings', options: ['name'], run: (_name, given, parts) => showSettings(given, parts) },
  'settings set': { about: 'sets one', options: ['name', 'value'], run: (_name, given, parts) => setSetting(given, parts) },
};

/** What to run, from a command line whose every word was understood. */
export function findCommand(given: Arguments): (parts: ToolParts) => Promise<string> {
  const verb = Object.keys(commands).find((each) => each.split(' ').every((word, at) => given.words[at] === word));
  const command = verb === undefined ? undefined : commands[verb];
  if (verb === undefined || command === undefined) throw misuse('There is no such command. --help shows them all.');
  const rest = given.words.slice(verb.split(' ').length);
  const [name, ...more] = rest;
  if (command.subject === undefined ? rest.length > 0 : name === undefined || more.length > 0) {
    throw misuse(`The command is ${usage(verb, command)}`);
  }
  const foreign = given.given.find((option) => !common.includes(option) && !command.options.includes(option));
  if (foreign !== undefined) throw misuse(`${verb} takes no option --${foreign}.`);
  refuseExposed(given.text('password'));
  return (parts) => command.run(name ?? '', given, parts);
}

const usage = (verb: string, { subject, options }: Command): string =>
  [verb, ...(subject === undefined ? [] : [subject]), ...options.map((option) => `[--${option}]`)].join(' ');

/** The text for `--help`. */
export const help = `Manages the users and groups of the profile internal.

${Object.entries(commands)
  .map(([verb, command]) => `  ${usage(verb, command)}\n      ${command.about}`)
  .join('\n')}

Everywhere: --db-config=FILE is the configuration of the engine, --root=DIRECTORY the folder that holds an installation.

--password=interactive: | env:NAME | file:PATH | none:   where the password comes from
--password-valid-to, --account-valid-from, --account-valid-to   yyyy-MM-dd HH:mm:ssZ; a password that was set has expired
      by default, so that its owner chooses another at the first login
--account-login-time   336 digits 0 or 1: one for each half hour of the week, from Sunday on, in UTC
--attribute=NAME=VALUE   may be repeated; an empty value takes it away
--flag=+disabled | -disabled | +nopass | -nopass   may be repeated
--force   sets a password that the rules are against
--what=user | group, --pattern=NAME=VALUE*   what to look up
`;
