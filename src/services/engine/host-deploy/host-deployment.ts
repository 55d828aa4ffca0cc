import { createPublicKey, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { SetupError, inEnglish } from '../../../setup/kit/index.ts';
import { isHostAddress } from '../hosts/host-address.ts';
import { toSshPublicKey } from '../pki/ssh-key.ts';
import { DeployFailure } from './failure.ts';
import { removeFormerPrograms } from './former-programs.ts';
import { type DeployLog, openDeployLog } from './log.ts';
import { bringProgram, ownProgram } from './program.ts';
import { type Told, runSetup } from './setup-run.ts';
import { type Session, connect } from './ssh.ts';

export { DeployFailure } from './failure.ts';
export { probeFingerprint } from './ssh.ts';

/** A machine that is to become a compute node. */
export interface HostToDeploy {
  readonly id: string;
  /** Name or IP address, by which the engine reaches it from now on. */
  readonly address: string;
  readonly sshPort: number;
  readonly sshUser: string;
  /** The password is used once: the engine leaves its key. */
  readonly credential: { readonly password: string } | 'engine-key';
  /** The host key that somebody has confirmed, as `SHA256:...`. */
  readonly fingerprint?: string;
}

export interface HostDeployment {
  /**
   * Makes a compute node of a machine, or brings one to what this version wants; where all is as it should be, nothing is changed.
   * @param told hears what is done, in sentences for people
   * @returns the fingerprint of the host key, which is to be expected from now on
   * @throws DeployFailure with a plain sentence; what setup had changed on the host was taken back, as far as the host could be reached
   */
  deploy(host: HostToDeploy, told: Told, signal: AbortSignal): Promise<{ readonly fingerprint: string }>;
}

export interface DeploymentFiles {
  readonly authority: string;
  /** The private key of the authority, of which nothing leaves this host. */
  readonly authorityKey: string;
  readonly engineCertificate: string;
  readonly engineKey: string;
  /** Where each installation has a log of its own. */
  readonly logs: string;
  /** The folder of the program that is copied; our own, where nothing is said. */
  readonly program?: string;
}

/** An installation takes no longer than this. */
const limitMs = 1_800_000;

const onHost = {
  request: '/etc/pki/vdsm/requests/vdsm.csr',
  console: '/etc/pki/ovirt-vmconsole/host-ssh_host_rsa.pub',
  certificate: '/etc/pki/vdsm/certs/vdsmcert.pem',
  consoleCertificate: '/etc/pki/ovirt-vmconsole/host-ssh_host_rsa-cert.pub',
} as const;

/** The text of a file on the host; empty if it is not there. */
const read = async (session: Session, path: string): Promise<string> => (await session.run(`cat ${path}`)).stdout;

/** What has to be true of a machine before anything is sent to it. */
async function look(session: Session, { address, sshUser }: HostToDeploy): Promise<void> {
  const { stdout } = await session.run('id -u; uname -m');
  const [user, machine] = stdout.split('\n');
  // Systems with a locked root account answer with a sentence instead.
  if (user !== '0') throw new DeployFailure(`${sshUser} is not root on ${address}: a host is set up by root.`);
  if (machine !== 'x86_64') throw new DeployFailure(`${address} is a machine of the kind ${machine ?? ''}; compute nodes are x86_64.`);
}

/** Sets hosts up over SSH. */
export function hostDeployment(files: DeploymentFiles): HostDeployment {
  async function readFiles() {
    const [certificate = '', key = '', engine = '', engineKey = ''] = await Promise.all(
      [files.authority, files.authorityKey, files.engineCertificate, files.engineKey].map((path) => readFile(path, 'utf8').catch(() => '')),
    );
    // Where the key is missing the unit gives us a word in its place, so that the engine starts all the same.
    if (!key.includes('PRIVATE KEY'))
      throw new DeployFailure(
        'The engine does not have the key of its authority, so no host can get a certificate. Put it back as private/ca.pem below /etc/pki/ovirt-engine, and restart the engine.',
      );
    if (!certificate || !engine || !engineKey)
      throw new DeployFailure('The engine cannot read its certificates and its key for ssh. Run engine-setup again.');
    return { authority: { certificate, key }, engine, engineKey };
  }

  async function work(host: HostToDeploy, told: Told, signal: AbortSignal, log: DeployLog): Promise<{ readonly fingerprint: string }> {
    const { address, sshPort: port, sshUser: user, credential, fingerprint } = host;
    if (!isHostAddress(address)) throw new DeployFailure(`${address} is neither a host name nor an IP address.`);
    const { authority, engine, engineKey } = await readFiles();
    const login = { host: address, port, user, with: credential === 'engine-key' ? { key: engineKey } : credential, fingerprint, signal };
    told('normal', `Connecting to ${address} with ssh`);
    const session = await connect(login);
    try {
      log.write(`logged in as ${user}; host key ${session.fingerprint}`);
      if (fingerprint === undefined) told('warning', `The host key of ${address} was not confirmed by anybody: ${session.fingerprint}`);
      await look(session, host);
      const home = await bringProgram(session, files.program ?? ownProgram, (text) => told('normal', text));
      const on = { told, log: (line: string) => log.write(line) };
      const line = toSshPublicKey(createPublicKey(engineKey), 'ovirt-engine').trim();
      const answers = { address, engineKey: line, authority: authority.certificate };
      await runSetup(session, home, { ...answers, certificate: '' }, on);
      const [request, console, present, consoleCertificate] = [
        await read(session, onHost.request),
        await read(session, onHost.console),
        await read(session, onHost.certificate),
        await read(session, onHost.consoleCertificate),
      ];
      // What issues certificates is large, and few engines add a host on a day.
      const { signHost } = await import('../../../setup/pki/sign-host.ts');
      const issued = signHost({
        request,
        console,
        address,
        authority,
        engine,
        now: new Date(),
        random: randomBytes,
        present: { certificate: present, consoleCertificate },
      });
      await runSetup(session, home, { ...answers, ...issued }, on);
      // The host is set up all the same if that does not work.
      await removeFormerPrograms(session, home, on.log).catch((error: unknown) => log.write(`former programs stay: ${String(error)}`));
      told('normal', `${address} is set up`);
      return { fingerprint: session.fingerprint };
    } finally {
      session.close();
    }
  }

  return {
    async deploy(host, told, signal) {
      const id = randomBytes(4).toString('hex');
      const log = await openDeployLog(files.logs, { now: new Date(), address: host.address, id });
      const tellBoth: Told = (severity, text) => {
        log.write(`${severity}: ${text}`);
        told(severity, text);
      };
      const timeLimit = AbortSignal.timeout(limitMs);
      try {
        return await work(host, tellBoth, AbortSignal.any([signal, timeLimit]), log);
      } catch (error) {
        const failure = asFailure(
          timeLimit.aborted ? new DeployFailure('The installation took longer than half an hour and was given up.') : error,
        );
        log.write(`failed: ${failure.message}`);
        throw failure;
      } finally {
        await log.close();
      }
    },
  };
}

/** In a sentence for people, whatever it was. */
function asFailure(error: unknown): DeployFailure {
  if (error instanceof DeployFailure) return error;
  if (error instanceof SetupError) {
    const said = [error.text, ...error.problems.map(({ message }) => message)].map(inEnglish).join('; ');
    return new DeployFailure(`The host gets no certificate: ${said}.`, { cause: error });
  }
  return new DeployFailure(`The host could not be set up: ${error instanceof Error ? error.message : String(error)}.`, { cause: error });
}
