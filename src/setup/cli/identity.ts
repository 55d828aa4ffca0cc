import { readFileSync } from 'node:fs';
import { type Text, message, messageOf } from '#kit';
import { readConf } from '../answers/conf.ts';

/** What an installation says of itself. */
export interface Identity {
  readonly addresses: { readonly web: string; readonly api: string };
  readonly version?: string;
}

/** What is wrong with an installation, and what to do about it. */
export interface Finding {
  readonly message: Text;
  readonly remedy: Text;
}

/**
 * Reads the file that the last run has left for the next one. One that does not say where the engine is, is damaged.
 * @param answers where the answer files of earlier runs lie, which hold the same answers
 */
export function identity(path: string, answers: string): Identity | Finding {
  const damaged = (what: Text): Finding => ({
    message: what,
    remedy: message`Correct it; or move it away and run engine-setup with --config-append=FILE, where FILE is the newest in ${answers}.`,
  });
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const remedy: Text = process.geteuid?.() === 0 ? 'Correct its permissions.' : 'Ask as the user who installed it, or as root.';
    return { message: message`${path} cannot be read: ${messageOf(error)}`, remedy };
  }
  const { statements, problems } = readConf(text, path);
  const [flaw] = problems;
  if (flaw !== undefined) return damaged(flaw.message);
  const said = new Map(statements.map(({ key, value }) => [key, value]));
  const [name, port] = [said.get('OVESETUP_CONFIG/fqdn'), said.get('OVESETUP_CONFIG/publicHttpsPort')];
  if (typeof name !== 'string' || typeof port !== 'number')
    return damaged(message`${path} does not say under which name and port the engine is reached`);
  const address = `https://${name}:${port}/ovirt-engine`;
  const version = said.get('OVESETUP_CORE/generatedByVersion');
  return { addresses: { web: `${address}/`, api: `${address}/api` }, ...(typeof version === 'string' ? { version } : {}) };
}
