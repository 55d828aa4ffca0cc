import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError, type Text, message, term, textOf } from '#kit';
import type { CommandLineAnswer } from '../../answers/sources.ts';
import { runPipeline } from '../../core/pipeline.ts';
import { postInstallPath } from '../../core/record.ts';
import type { Arguments } from '../args.ts';
import { readImport } from '../certificate-files.ts';
import type { ExitCode } from '../exit-codes.ts';
import { print } from '../output.ts';
import { placeToChange } from '../place.ts';
import { tooLarge, unreadable } from '../unreadable.ts';
import { changing, verdict } from './setup.ts';

/** Our authority, its key, and the certificate of the engine. */
const pkiFiles = ['ca.pem', 'private/ca.pem', 'certs/engine.cer'].map((file) => `/etc/pki/ovirt-engine/${file}`);
const largestRequest = 64 * 1024;
const requestBits = { least: 2048, most: 8192 };

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

/** The request: a file, or standard input for `-`. */
function readRequest(path: string): string {
  try {
    const bytes = readFileSync(path === '-' ? 0 : path);
    if (bytes.length > largestRequest) throw tooLarge(largestRequest);
    return bytes.toString('latin1');
  } catch (error) {
    const { why } = unreadable(error);
    throw new SetupError('refused', message`${path} cannot be read: ${term(why)}`);
  }
}

/** `engine-setup pki sign FILE --name NAME`: prints a certificate for a WebSocket proxy on another host, and what else that one needs. */
async function sign(args: Arguments, [path, ...rest]: readonly string[]): Promise<ExitCode> {
  if (path === undefined || rest.length > 0) throw usage('pki sign wants one file with a request, or - for standard input');
  if (args.name === undefined) throw usage('pki sign wants --name=NAME, the host that the certificate is for');
  const { files } = placeToChange(args.root).host;
  const [certificate, key, engine] = (await Promise.all(pkiFiles.map((file) => files.read(file)))).map((entry) => textOf(entry));
  if (!certificate || !key || !engine)
    throw new SetupError('refused', 'There is no engine here whose authority could sign', {
      remedy: 'Run this on the host with the engine.',
    });
  const { signRequest } = await import('../../pki/sign-request.ts');
  const names = { request: readRequest(path), name: args.name };
  print(signRequest({ ...names, authority: { certificate, key }, engine, serial: randomBytes(16), now: new Date(), bits: requestBits }));
  return 0;
}

/**
 * `engine-setup pki import`: browsers see a certificate of another authority from now on; with `--ours`, one of the internal CA again.
 * It is an ordinary run with these answers, which nobody is asked about: plan, checks, journal and rollback are those of setup.
 * @throws SetupError `usage`, or `refused` for files that cannot be used
 */
export async function pki(args: Arguments, version: string): Promise<ExitCode> {
  const [verb, ...rest] = args.words;
  if (verb === 'sign') return sign(args, rest);
  const files = [args.certificate, args.key, args.chain, args.keyPasswordFile];
  if (verb !== 'import' || rest.length > 0) throw usage('pki wants one word, import, or two: sign FILE');
  if (args.name !== undefined) throw usage('--name goes with pki sign');
  if (args.ours && files.some((one) => one !== undefined))
    throw usage('--ours goes with no files: our own authority issues the certificate');
  if (!args.ours && args.certificate === undefined) throw usage('pki import wants --certificate=FILE, or --ours');
  const place = placeToChange(args.root);
  if (!place.isOurs() || !existsSync(join(place.root, postInstallPath)))
    throw new SetupError('refused', 'There is no installation that a certificate could be imported into', {
      remedy: 'Run engine-setup first.',
    });
  const answers = await answersOf(args);
  return changing({ ...args, noInput: true, yes: true }, version, async (run) => verdict(await runPipeline(run)), {
    answers,
  });
}
