import { randomBytes } from 'node:crypto';
import { type Output, SetupError, inEnglish } from '#kit';
import type { SshServer } from '../../src/setup/host/memory/index.ts';
import { privateKey } from '../../src/setup/host/memory/private-keys.ts';
import { issueLeaf } from '../../src/setup/pki/issue.ts';
import { signRequest } from '../../src/setup/pki/sign-request.ts';
import { authority, now, subject } from './engine-authority.ts';
import { hostKey } from './ssh-server.ts';

/** Machines in memory have keys of a quarter of the size. */
const bits = { least: 512, most: 8192 };
const engine = issueLeaf({
  ...{ subject, key: privateKey(2048), serial: randomBytes(16), now, days: 100, authority },
  names: ['engine.example.net'],
  usages: ['serverAuth'],
});

/** What `engine-setup pki sign` prints on the host of an engine: its own signing, with an authority that only tests trust. */
export const signedFor = (name: string, request: string): string =>
  signRequest({ request, name, authority, engine, serial: randomBytes(16), now, bits });

/** The host of an engine, where root signs requests. */
export const signingServer = (password: string): SshServer => ({
  keys: [hostKey],
  password,
  run(command, input): Output {
    const name = /^engine-setup pki sign - --name=(\S+)$/.exec(command)?.[1];
    if (name === undefined) return { code: 127, stdout: '', stderr: `${command}: command not found` };
    try {
      return { code: 0, stdout: signedFor(name, input), stderr: '' };
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      return { code: 4, stdout: '', stderr: [error.message, ...error.problems.map(({ message }) => inEnglish(message))].join('\n') };
    }
  },
});
