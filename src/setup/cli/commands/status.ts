import { catalogueFor } from '../../ui/catalogue.ts';
import type { Arguments } from '../args.ts';
import { documentText } from '../document.ts';
import type { ExitCode } from '../exit-codes.ts';
import { inspectInstallation } from '../installation.ts';
import { print } from '../output.ts';
import { placeOf } from '../place.ts';
import { statusText } from '../status-text.ts';

/** `engine-setup status`: where the engine is, how its services are, and how the last run went. */
export async function status(args: Arguments): Promise<ExitCode> {
  const found = await inspectInstallation(placeOf(args.root));
  print(args.json ? documentText(found) : `${statusText(found, catalogueFor(process.env).catalogue)}\n`);
  return 0;
}
