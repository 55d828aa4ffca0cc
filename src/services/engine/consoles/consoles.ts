import { createPrivateKey, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Database } from '../../frame/database.ts';
import { AgentFailure, AgentUnreachable } from '../agents/agent-failure.ts';
import type { AskHost } from '../agents/agents.ts';
import { Refusal } from '../http/refusal.ts';
import { readNumber } from '../options.ts';
import { fromFirstPem } from '../pki/pem.ts';
import { apiScope } from '../sso/scopes.ts';
import type { Sessions } from '../sso/sessions.ts';
import { makeConsoleTicket } from './console-ticket.ts';
import type { Display, MachineDisplays } from './display.ts';
import { hostSubject, subjectOfHosts } from './host-subject.ts';
import { viewerFile } from './viewer-file.ts';

export interface ConsolesParts {
  readonly database: Database;
  readonly sessions: Sessions;
  readonly askHost: AskHost;
  /** Files of the engine's PKI; no key where there is none. */
  readonly caCertificate: string;
  readonly engineCertificate: string;
  readonly engineKey: string | null;
  /** The address of the engine without a path: `https://engine.example.com:443`. */
  readonly issuer: string;
  /** Whether every system knows who vouches for the engine. */
  readonly publicCertificate: boolean;
  readonly tokenIdleSeconds: number;
  readonly now: () => number;
}

/** Whoever opens a display. */
export interface Viewer {
  readonly userId: string;
  readonly userName: string;
  readonly administrator: boolean;
  readonly correlationId: string;
}

/** Opens displays of virtual machines for people. */
export interface Consoles {
  /**
   * Gives a display a password for a while, and returns it.
   * @throws a refusal (409) where the host says no, or (503) where it cannot be asked
   */
  setPassword(machine: MachineDisplays, display: Display, viewer: Viewer, seconds: number): Promise<string>;
  /** A ticket that opens a display through the WebSocket proxy. Throws a refusal (409) where the engine has no key to sign it. */
  proxyTicket(display: Display): Promise<string>;
  /** The file for virt-viewer, with a token of its own for the engine. */
  viewerFile(machine: MachineDisplays, display: Display, viewer: Viewer, password: string, seconds: number): Promise<string>;
}

/** How long a host may take to answer. */
const askMs = 15_000;

export function createConsoles(parts: ConsolesParts): Consoles {
  const { database, sessions, askHost, caCertificate, engineCertificate, engineKey, issuer, now } = parts;
  const pem = async (file: string): Promise<string> => fromFirstPem(await readFile(file, 'utf8'), file);

  return {
    async setPassword({ id, name, host, whenLeft }, { type }, { userId, userName, correlationId }, seconds) {
      if (host === null) throw new Refusal(409, `Virtual machine ${name} does not run.`);
      // Passwords of VNC have eight characters.
      const password = randomBytes(6).toString('base64');
      const params = {
        ...{
          deviceType: 'graphics',
          graphicsType: type,
          password,
          ttl: seconds,
          existingConnAction: 'disconnect',
          disconnectAction: whenLeft,
        },
        params: { userName, userId, fips: false, vncUsername: `vnc-${id}` },
      };
      try {
        await askHost(host, 'VM.updateDevice', { vmID: id, params }, { timeoutMs: askMs, flowId: correlationId });
        return password;
      } catch (error) {
        // What the agent says could repeat what it was sent.
        if (error instanceof AgentFailure)
          throw new Refusal(409, `The host refuses to open the display of virtual machine ${name} (code ${error.code}).`);
        if (error instanceof AgentUnreachable)
          throw new Refusal(503, `The host of virtual machine ${name} cannot be asked at the moment.`, { 'retry-after': '5' });
        throw error;
      }
    },

    async proxyTicket({ address, port, tlsPort, tlsName }) {
      if (engineKey === null) throw new Refusal(409, 'The engine has no key to sign tickets with.');
      const [key, certificate, seconds] = await Promise.all([
        pem(engineKey),
        pem(engineCertificate),
        readNumber(database, 'WebSocketProxyTicketValiditySeconds'),
      ]);
      const target = { host: address, port: tlsPort ?? port ?? 0, tls: tlsPort !== null, ...(tlsName === address ? {} : { tlsName }) };
      return makeConsoleTicket(target, { key: createPrivateKey(key), certificate }, now(), seconds);
    },

    async viewerFile(machine, display, { userId, administrator }, password, validSeconds) {
      const [authority, { token }] = await Promise.all([
        pem(caCertificate),
        sessions.create({ kind: 'token', userId, scope: apiScope, idleSeconds: parts.tokenIdleSeconds }),
      ]);
      return viewerFile({
        ...{ machine, display, password, validSeconds, authority },
        hostSubject: hostSubject(subjectOfHosts(authority), display.tlsName),
        engine: {
          address: withPort(issuer),
          ...{ token, administrator },
          authority: parts.publicCertificate ? null : authority,
        },
      });
    },
  };
}

/** `engine.example.com:443` of `https://engine.example.com`. */
function withPort(address: string): string {
  const { hostname, port } = new URL(address);
  return `${hostname}:${port === '' ? '443' : port}`;
}
