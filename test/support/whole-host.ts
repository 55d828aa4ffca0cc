import { expect } from 'vitest';
import type { Status } from '../../src/setup/cli/installation.ts';
import { hostName } from './host-image.ts';
import { type TestHost, programOnHost } from './test-host.ts';
import type { Ended, Running } from './trial.ts';
import { canaries, installationAnswers, ofHost, services } from './whole-host-answers.ts';

export { canaries, ofHost, services };

/*
 * Installations on a host of its own: what is given to setup there, and what has to be true afterwards.
 */

/** The program of a clone, which setup copies to its place. */
export const ofClone = `${programOnHost}/bin/engine-setup`;

/** Every path on the disk with what it is. */
export type Manifest = ReadonlyMap<string, string>;

export interface WholeHost extends TestHost {
  /** Runs words of a shell that must succeed, and gives what they print. */
  shell(line: string): Promise<string>;
  /** Starts an unattended installation; its process is the one that /run/setup.pid names. */
  startSetup(program?: string, ...args: readonly string[]): Running;
  setup(program?: string, ...args: readonly string[]): Promise<Ended>;
  status(): Promise<Status>;
  /** @param how with times, which tell every change but those of databases; or with all there is, whenever it was written */
  manifest(how: { readonly times: boolean }): Promise<Manifest>;
}

/** What setup keeps of each run, and what the system keeps for itself. */
const restless = [
  /^\/(?:var\/log|var\/cache|var\/tmp|tmp|run|dev|proc|sys)(?:\/|$)/,
  /^\/var\/lib\/(?:ovirt-engine\/setup|systemd|private|logrotate)(?:\/|$)|^\/var\/lib\/ovirt-engine$/,
  // What useradd and its kin leave of the state before.
  /^\/etc\/(?:passwd|shadow|group|gshadow|subuid|subgid)-$/,
  // Databases of OVN, which are logs of all that was ever said to them; `ovnState` tells what is in them.
  /^\/var\/lib\/ovn(?:\/|$)/,
  /^\/etc\/\.(?:pwd\.lock|updated)$|^\/var\/\.updated$/,
];

/** A shell command that prints what setup may change in the databases of OVN. */
export const ovnState = 'for tool in ovn-nbctl ovn-sbctl; do $tool get-connection; $tool get-ssl; done 2>&1';

/** Where a server that runs writes all the time. */
const databases = /^\/var\/lib\/postgresql(?:\/|$)/;

/** Gives a test host what tests of whole installations need. */
export async function forInstallation(host: TestHost): Promise<WholeHost> {
  const shell = async (line: string): Promise<string> => {
    const { code, stdout, stderr } = await host.run(['sh', '-c', line]);
    expect(code, `${line}\n${stdout}${stderr}`).toBe(0);
    return stdout;
  };
  const startSetup = (program = ofClone, ...args: readonly string[]): Running =>
    host.start(['sh', '-c', 'echo $$ >/run/setup.pid; exec "$@"', 'sh', program, '--config-append=/root/answers.conf', ...args]);
  await shell(`umask 077; cat >/root/answers.conf <<'END'\n${installationAnswers}END`);
  return {
    ...host,
    shell,
    startSetup,
    setup: (...words) => startSetup(...words).ended,
    status: async () => JSON.parse(await shell(`${ofHost} status --json`)) as Status,
    async manifest({ times }) {
      const listed = await shell(
        `find / /var -xdev -type d -printf '%p\\t%y %m %u:%g\\n' -o -printf '%p\\t%y %m %u:%g %s %l ${times ? '%C@' : ''}\\n'`,
      );
      const summed = times ? '' : await shell(`find /etc -xdev -type f -exec sha256sum {} +`);
      const entries = listed
        .trim()
        .split('\n')
        .map((line) => line.split('\t') as [string, string]);
      const sums = summed
        .trim()
        .split('\n')
        .map((line): [string, string] => [`${line.slice(66)} (content)`, line.slice(0, 64)]);
      const left = times ? [...restless, databases] : restless;
      return new Map([...entries, ...sums].filter(([path]) => !left.some((pattern) => pattern.test(path.replace(/ \(content\)$/, '')))));
    },
  };
}

/** The paths that are not the same in two manifests. */
export const difference = (before: Manifest, after: Manifest): readonly string[] =>
  [...new Set([...before.keys(), ...after.keys()])]
    .filter((path) => before.get(path) !== after.get(path))
    .map((path) => `${path}: ${before.get(path) ?? 'nothing'} -> ${after.get(path) ?? 'nothing'}`);

/** Expects that everything runs, and that people get in. */
export async function expectHealthy(host: WholeHost): Promise<void> {
  const { state, services: found } = await host.status();
  const health = Object.fromEntries(found.map((one) => [one.name, one.health ?? one.state]));
  expect(health).toEqual({
    apache2: 'running',
    'postgresql@15-main': 'running',
    'ovirt-vmconsole-proxy-sshd': 'running',
    ...Object.fromEntries(services.map((name) => [name, 'ready'])),
  });
  expect(state).toBe('running');
  const web = `curl --silent --fail --cacert /etc/pki/ovirt-engine/ca.pem https://${hostName}/ovirt-engine`;
  expect(await host.shell(`${web}/services/health`)).not.toBe('');
  const login = `printf 'user = "admin@internal:%s"' '${canaries.admin}' | ${web}/api --config - --header 'Accept: application/json'`;
  expect(JSON.parse(await host.shell(login))).toHaveProperty('product_info');
}

/** Expects that a run ended in a way, and shows all it said if not. */
export const expectCode = ({ code, stdout, stderr }: Ended, wanted: number): void => expect(code, `${stdout}${stderr}`).toBe(wanted);
