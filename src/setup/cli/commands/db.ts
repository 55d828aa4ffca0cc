import { SetupError } from '#kit';
import { products } from '../../postgres/configured.ts';
import { examine, isFit } from '../../postgres/examine.ts';
import { newestVersion } from '../../render/shipped.ts';
import { catalogueFor } from '../../ui/catalogue.ts';
import type { Arguments } from '../args.ts';
import { checkedDatabases } from '../checked-databases.ts';
import { type Checked, databaseDocument, databaseText } from '../database-report.ts';
import { documentText } from '../document.ts';
import type { ExitCode } from '../exit-codes.ts';
import { print } from '../output.ts';
import { placeOf } from '../place.ts';
import { listenToSignals } from '../signals.ts';

/**
 * `engine-setup db check`: looks at databases and their servers, changes nothing, and says everything at once that keeps them from being
 * used, with the one snippet that mends it.
 * @returns 0 where all of them fit, 4 otherwise
 */
export async function db(args: Arguments): Promise<ExitCode> {
  const [verb, ...rest] = args.words;
  if (verb !== 'check' || rest.length > 0)
    throw new SetupError('usage', 'db wants one word: check', { remedy: 'See engine-setup --help.' });
  const { signal } = listenToSignals((code) => process.exit(code));
  const place = placeOf(args.root);
  const checked: Checked[] = [];
  for (const target of await checkedDatabases(place, args, signal)) {
    const { product, at, admin, ours } = target;
    const found = await examine(place.host, at, { newest: newestVersion(products[product].schema), ours, admin });
    checked.push({ ...target, ...found });
  }
  print(args.json ? documentText(databaseDocument(checked)) : databaseText(checked, catalogueFor(process.env).catalogue));
  return checked.every(isFit) ? 0 : 4;
}
