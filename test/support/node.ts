import { randomBytes } from 'node:crypto';
import { paths } from '../../plugins/node/settings.ts';
import type { AnswerFile } from '../../src/setup/answers/sources.ts';
import { type Machine, newMachine } from '../../src/setup/host/memory/index.ts';
import { privateKey } from '../../src/setup/host/memory/private-keys.ts';
import { file } from '../../src/setup/kit/host.ts';
import { makeRequest } from '../../src/setup/pki/request.ts';
import { signHost } from '../../src/setup/pki/sign-host.ts';
import { sshPublicKeyLine } from '../../src/setup/pki/ssh-certificate.ts';
import { authority, now, subject } from './engine-authority.ts';
import { issueLeaf } from '../../src/setup/pki/issue.ts';

/* A machine that becomes a compute node: what the engine tells it, before and after it has signed what the machine asks for. */

export const nodeAddress = 'node1.example.net';
// Machines in memory have one key of each length.
const key = privateKey(2048);

const engine = issueLeaf({
  subject,
  key: privateKey(2048),
  serial: randomBytes(16),
  now,
  days: 1827,
  authority,
  names: [subject.commonName],
  usages: ['serverAuth', 'clientAuth'],
});

export const signing = {
  request: makeRequest({ key, names: [] }),
  console: sshPublicKeyLine(key),
  address: nodeAddress,
  authority,
  engine,
  now,
  random: randomBytes,
  present: { certificate: '', consoleCertificate: '' },
} as const;

const answers = (list: Readonly<Record<string, string>>): string =>
  Object.entries(list)
    .map(([name, value]) => `OVESETUP_NODE/${name}: ${JSON.stringify(value)}\n`)
    .join('');

const asked = { address: nodeAddress, authority: authority.certificate };

/** What the engine says first. */
export const askingNode: AnswerFile = {
  path: 'node-asking.yaml',
  text: answers({ ...asked, engineKey: `${sshPublicKeyLine(key)} ovirt-engine` }),
  kept: false,
};

/** What it says then. */
export const enrolledNode: AnswerFile = {
  path: 'node.yaml',
  text: answers({ ...asked, engineKey: `${sshPublicKeyLine(key)} ovirt-engine`, ...signHost(signing) }),
  kept: false,
};

/** A machine that has made its keys. */
export function nodeWithKeys(): Machine {
  const machine = newMachine();
  for (const path of ['/etc/pki', '/etc/pki/vdsm', '/etc/pki/vdsm/keys', '/etc/pki/ovirt-vmconsole'])
    machine.disk.set(path, { kind: 'directory', mode: 0o755 });
  for (const path of [paths.key, paths.consoleKey]) machine.disk.set(path, file(key, 0o600));
  return machine;
}
