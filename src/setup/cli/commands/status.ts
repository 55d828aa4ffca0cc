import { stdoutScreen } from '../../ui/screen.ts';
import type { Arguments } from '../args.ts';
import { requireRoot } from '../compose.ts';
import type { ExitCode } from '../exit-codes.ts';
import { type Status, inspectInstallation } from '../installation.ts';
import { sandboxRoot } from '../sandbox-root.ts';

const text = (status: Status): string =>
  [
    `${status.root}: ${status.state}`,
    ...(status.addresses === undefined ? [] : [`  Web       ${status.addresses.web}`, `  API       ${status.addresses.api}`]),
    ...(status.user === undefined ? [] : [`  User      ${status.user}`]),
    ...(status.passwordFile === undefined ? [] : [`  Password  in ${status.passwordFile}`]),
    ...status.services.map(({ name, state, pid, version, health }) => {
      const more = [version === undefined ? '' : `version ${version}`, health ?? '', pid === undefined ? '' : `process ${pid}`].filter(
        (word) => word !== '',
      );
      return `  ${name.padEnd(16)} ${state}${more.length === 0 ? '' : ` (${more.join(', ')})`}`;
    }),
  ].join('\n');

/** `engine-setup status`: where the engine is, and how its services are. */
export async function status(args: Arguments): Promise<ExitCode> {
  const found = await inspectInstallation(sandboxRoot(requireRoot(args.root)));
  stdoutScreen().write(`${args.json ? JSON.stringify(found, null, 2) : text(found)}\n`);
  return 0;
}
