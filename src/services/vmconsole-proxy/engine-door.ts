import { createPrivateKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { type EnvelopeSigner, sealEnvelope } from '../frame/envelope.ts';
import { errorFields } from '../frame/log.ts';
import { wholeAnswer } from '../frame/whole-answer.ts';
import type { EngineSettings } from './settings.ts';

/** A public key as sshd names it. */
export interface ShownKey {
  /** `ssh-ed25519` */
  readonly type: string;
  readonly base64: string;
}

export interface KnownUser {
  readonly id: string;
  /** `alice@internal` */
  readonly name: string;
}

export interface SerialConsole {
  readonly vmId: string;
  readonly vmName: string;
  /** The address of the host that the virtual machine runs on. */
  readonly host: string;
}

export interface Attempt {
  readonly occasion: 'connect' | 'stay' | 'leave';
  readonly userId: string;
  readonly key: ShownKey;
  readonly vm: { readonly id: string } | { readonly name: string };
  /** The address that the user has come from. */
  readonly source: string;
}

/** What the engine is asked. All throw EngineSilence. */
export interface EngineDoor {
  /** The users that a key belongs to. */
  owners(key: ShownKey & { readonly fingerprint: string }): Promise<readonly KnownUser[]>;
  /** The consoles that a user may connect to, by name. */
  consoles(userId: string): Promise<readonly SerialConsole[]>;
  /** Whether a user may use a console, or stay there. The engine writes down who came, went and was refused. */
  access(attempt: Attempt): Promise<boolean>;
}

/** The engine gave no answer that can be used. */
export class EngineSilence extends Error {
  constructor(why: string) {
    super(`The engine does not answer: ${why}.`);
    this.name = 'EngineSilence';
  }
}

const answerWithinMs = 10_000;
const longestAnswer = 8 * 2 ** 20;
/** Envelopes are made when they are sent. */
const validSeconds = 10;

type Fields = Readonly<Record<string, unknown>>;

const texts = (fields: Fields, names: readonly string[]): readonly string[] =>
  names.map((name) => {
    const value = fields[name];
    if (typeof value !== 'string') throw new EngineSilence(`${name} is missing in what it says`);
    return value;
  });

const listIn = (fields: Fields, name: string): readonly Fields[] => {
  const list = fields[name];
  if (!Array.isArray(list)) throw new EngineSilence(`${name} is missing in what it says`);
  return list as readonly Fields[];
};

const keyFields = ({ type, base64 }: ShownKey): Fields => ({ key_type: type, key_content: base64 });

/** What the engine is asked with, over TLS and in envelopes signed with the key of this proxy. Throws what goes wrong with its files. */
export async function engineDoor(settings: EngineSettings, now: () => number): Promise<EngineDoor> {
  const [certificate, key, ca] = await Promise.all([
    readFile(settings.certificate, 'utf8'),
    readFile(settings.key, 'utf8'),
    readFile(settings.ca, 'utf8'),
  ]);
  const signer: EnvelopeSigner = { key: createPrivateKey(key), certificate };
  const ask = async (content: string, question: Fields): Promise<Fields> => {
    const data = encodeURIComponent(JSON.stringify({ version: 1, ...question }));
    const text = await post(settings, ca, sealEnvelope(data, signer, now(), validSeconds));
    const answer = parsed(text);
    if (answer['content'] !== content || Number(answer['version']) !== 1) throw new EngineSilence('it speaks of something else');
    return answer;
  };
  return {
    async owners({ fingerprint, ...shown }) {
      const found = await ask('key_list', { command: 'public_keys', key_fp: fingerprint, ...keyFields(shown) });
      return listIn(found, 'keys').map((one) => {
        const [id = '', name = ''] = texts(one, ['entityid', 'entity']);
        return { id, name };
      });
    },
    async consoles(userId) {
      const found = await ask('console_list', { command: 'available_consoles', user_id: userId });
      return listIn(found, 'consoles').map((one) => {
        const [vmId = '', vmName = '', host = ''] = texts(one, ['vmid', 'vmname', 'host']);
        return { vmId, vmName, host };
      });
    },
    async access({ occasion, userId, key: shown, vm, source }) {
      const named = 'id' in vm ? { vm_id: vm.id } : { vm_name: vm.name };
      const question = { command: 'console_access', occasion, user_id: userId, source, ...keyFields(shown), ...named };
      return (await ask('console_access', question))['allowed'] === true;
    },
  };
}

function parsed(text: string): Fields {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Fields;
  } catch {
    // The same as any other answer that is none.
  }
  throw new EngineSilence('what it says is no JSON');
}

/** Posts an envelope and returns the answer. Throws EngineSilence. */
async function post({ baseUrl, verifyHost }: EngineSettings, ca: string, body: string): Promise<string> {
  try {
    const asking = request(new URL('services/vmconsole-proxy', baseUrl), {
      method: 'POST',
      headers: { 'content-type': 'text/plain', 'content-length': Buffer.byteLength(body) },
      ca,
      minVersion: 'TLSv1.2',
      agent: false,
      signal: AbortSignal.timeout(answerWithinMs),
      ...(verifyHost ? {} : { checkServerIdentity: () => undefined }),
    });
    const answer = await wholeAnswer(asking, body, longestAnswer);
    if (answer.status !== 200) throw new Error(`status ${answer.status}`);
    return answer.body;
  } catch (error) {
    throw new EngineSilence(errorFields(error).error);
  }
}
