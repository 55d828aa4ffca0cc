import { help as registerHelp } from '../../src/services/engine/client-tool/arguments.ts';
import { help as configHelp } from '../../src/services/engine/config-tool/arguments.ts';
import { help as directoryHelp } from '../../src/services/engine/directory-tool/commands.ts';
import { help as uploaderHelp } from '../../src/services/engine/iso-uploader/arguments.ts';
import { helpText } from '../../src/setup/cli/help.ts';

/** What each program in bin/ says for --help, in English: where manual pages and completion take their facts from. */
export const helps: ReadonlyMap<string, string> = new Map([
  ['engine-config', configHelp],
  ['engine-iso-uploader', uploaderHelp],
  ['engine-setup', helpText(() => undefined)],
  ['ovirt-aaa-jdbc-tool', directoryHelp],
  ['ovirt-register-sso-client-tool', registerHelp],
]);
