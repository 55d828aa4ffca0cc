import { lookup } from 'node:dns/promises';
import snmp from 'net-snmp';
import type { Event } from './event.ts';
import type { Manager, Security, SnmpProfile } from './snmp-settings.ts';
import { Refused, type Transport } from './transport.ts';
import { trapOid, trapValues } from './trap.ts';

/** Seconds since this moment count the starts of our SNMP engine (RFC 3414): each start has a higher number, without a file that keeps it. */
const firstStart = Date.UTC(2020, 0, 1);

/** Traps to SNMP managers, version 2c or 3. Nobody acknowledges a trap: it is sent, and that is all that is known. */
export function snmpTransport(profileOf: (name: string) => SnmpProfile | null, startedAt: number, now: () => number): Transport {
  return {
    way: (profile) => (profile === '' ? 'snmp' : `snmp:${profile}`),
    async send(event, address) {
      const profile = profileOf(address);
      if (profile === null) throw new Refused('no SNMP managers are configured for it');
      const clock = { startedAt, seconds: Math.floor((now() - startedAt) / 1_000) };
      const results = await Promise.allSettled(profile.managers.map((manager) => sendTrap(event, profile, manager, clock)));
      // One manager that is out of reach must not make the others hear the same again and again.
      const failures = results.filter((result) => result.status === 'rejected');
      if (failures.length === results.length) throw failures[0]?.reason;
    },
  };
}

interface Clock {
  readonly startedAt: number;
  readonly seconds: number;
}

async function sendTrap(event: Event, { oid, security }: SnmpProfile, { host, port }: Manager, clock: Clock): Promise<void> {
  const { address, family } = await lookup(host);
  const session = openSession(address, security, { trapPort: port, transport: family === 6 ? 'udp6' : 'udp4' }, clock);
  const { ObjectType } = snmp;
  const values = trapValues(event, oid).map(({ oid: at, value }) => ({
    oid: at,
    type: typeof value === 'number' ? ObjectType.Integer : ObjectType.OctetString,
    value,
  }));
  try {
    await new Promise<void>((resolve, reject) => {
      session.on('error', reject);
      session.trap(trapOid(oid), values, { upTime: clock.seconds * 100 }, (error) => {
        if (error === null) resolve();
        else reject(error);
      });
    });
  } finally {
    session.close();
  }
}

function openSession(
  address: string,
  security: Security,
  way: { readonly trapPort: number; readonly transport: 'udp4' | 'udp6' },
  { startedAt, seconds }: Clock,
): snmp.Session {
  if (security.version === 2) return snmp.createSession(address, security.community, { ...way, version: snmp.Version2c });
  const { authentication, privacy } = security;
  const { SecurityLevel, AuthProtocols, PrivProtocols } = snmp;
  const user: snmp.User = {
    name: security.user,
    level: authentication === null ? SecurityLevel.noAuthNoPriv : privacy === null ? SecurityLevel.authNoPriv : SecurityLevel.authPriv,
    ...(authentication === null ? {} : { authProtocol: AuthProtocols[authentication.protocol], authKey: authentication.passphrase }),
    ...(privacy === null ? {} : { privProtocol: PrivProtocols[privacy.protocol], privKey: privacy.passphrase }),
  };
  const session = snmp.createV3Session(address, user, { ...way, engineID: security.engineId });
  // A manager takes a trap only if it is not older than the last one: the library leaves both of these numbers as they are.
  Object.assign((session as unknown as { engine: object }).engine, {
    engineBoots: Math.floor((startedAt - firstStart) / 1_000),
    engineTime: seconds,
  });
  return session;
}
