import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError, type Text } from '#kit';
import type { CommandLineAnswer } from '../../answers/sources.ts';
import { runPipeline } from '../../core/pipeline.ts';
import { postInstallPath } from '../../core/record.ts';
import type { Arguments } from '../args.ts';
import { readImport } from '../certificate-files.ts';
import type { ExitCode } from '../exit-codes.ts';
import { kindOfRoot, requiredRoot } from '../sandbox-root.ts';
import { changing, verdict } from './setup.ts';

const usage = (text: Text): SetupError => new SetupError('usage', text, { remedy: 'See engine-setup --help.' });

/** What the command line says, as answers of an ordinary run. */
async function answersOf({ ours, certificate, key, chain, keyPasswordFile }: Arguments): Promise<readonly CommandLineAnswer[]> {
  if (ours) return [{ key: 'OVESETUP_PKI/httpsAuthority', value: 'internal', where: '--ours' }];
  const found = await readImport({ certificate: certificate ?? '', key, chain, passwordFile: keyPasswordFile });
  return [
    { key: 'OVESETUP_PKI/httpsAuthority', value: 'imported', where: '--certificate' },
    { key: 'OVESETUP_PKI/httpsCertificate', value: found.certificates, where: '--certificate' },
    { key: 'OVESETUP_PKI/httpsKey', value: found.key, where: key === undefined ? '--certificate' : '--key' },
  ];
}

/**
 * `engine-setup pki import`: browsers see a certificate of another authority from now on; with `--ours`, one of the internal CA again.
 * It is an ordinary run with these answers, which nobody is asked about: plan, checks, journal and rollback are those of setup.
 * @throws SetupError `usage`, or `refused` for files that cannot be used
 */
export async function pki(args: Arguments, version: string): Promise<ExitCode> {
  const [verb, ...rest] = args.words;
  const files = [args.certificate, args.key, args.chain, args.keyPasswordFile];
  if (verb !== 'import' || rest.length > 0) throw usage('pki wants one word: import');
  if (args.ours && files.some((one) => one !== undefined))
    throw usage('--ours goes with no files: our own authority issues the certificate');
  if (!args.ours && args.certificate === undefined) throw usage('pki import wants --certificate=FILE, or --ours');
  const root = requiredRoot(args.root);
  if (kindOfRoot(root) !== 'sandbox' || !existsSync(join(root, postInstallPath)))
    throw new SetupError('refused', 'There is no installation that a certificate could be imported into', {
      remedy: 'Run engine-setup first.',
    });
  const answers = await answersOf(args);
  return changing({ ...args, noInput: true, yes: true }, version, async (run) => verdict(await runPipeline(run)), answers);
}
