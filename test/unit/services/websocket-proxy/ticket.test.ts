import { constants, generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { makeConsoleTicket } from '../../../../src/services/engine/consoles/console-ticket.ts';
import { Refusal } from '../../../../src/services/websocket-proxy/refusal.ts';
import { readTarget } from '../../../../src/services/websocket-proxy/target.ts';
import { openTicket } from '../../../../src/services/websocket-proxy/ticket.ts';

const engine = generateKeyPairSync('rsa', { modulusLength: 2048 });
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 });
const now = Date.UTC(2026, 0, 2, 3, 4, 5);
const signer = { key: engine.privateKey, certificate: 'PEM' };
const target = { host: '10.0.0.5', port: 5900, tls: true };

interface Form {
  readonly values?: Readonly<Record<string, string>>;
  readonly signedFields?: string;
  readonly key?: typeof engine.privateKey;
  readonly older?: boolean;
  readonly saltLength?: number;
  readonly more?: Readonly<Record<string, unknown>>;
}

/** A ticket written by hand. */
function ticket({ values, signedFields, key = engine.privateKey, older = false, saltLength = 222, more }: Form = {}): string {
  const fields: Record<string, string> = {
    salt: 'AAECAwQFBgc=',
    ...(older ? { digest: 'sha1' } : {}),
    validFrom: '20260102030405',
    validTo: '20260102030605',
    data: encodeURIComponent(JSON.stringify({ host: '10.0.0.5', port: '5900', ssl_target: true })),
    ...values,
  };
  const names = signedFields ?? Object.keys(fields).join(',');
  const signed = Buffer.from(
    names
      .split(',')
      .map((name) => fields[name] ?? '')
      .join(''),
  );
  const pss = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength };
  const signature = older
    ? { signature: sign('sha1', signed, key).toString('base64') }
    : { v2_signature: sign('sha256', signed, pss).toString('base64') };
  return Buffer.from(JSON.stringify({ ...fields, signedFields: names, certificate: 'PEM', ...signature, ...more })).toString('base64');
}

const open = (text: string, at = now) => openTicket(text, engine.publicKey, at);
const change = (text: string, how: (fields: Record<string, string>) => Record<string, unknown>): string =>
  Buffer.from(JSON.stringify(how(JSON.parse(Buffer.from(text, 'base64').toString()) as Record<string, string>))).toString('base64');

describe('a ticket of the engine', () => {
  test('brings its target to the proxy, whatever that is', () => {
    const hosts = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain());
    fc.assert(
      fc.property(
        hosts,
        fc.integer({ min: 1, max: 65_535 }),
        fc.boolean(),
        fc.option(fc.domain(), { nil: undefined }),
        (host, port, tls, tlsName) => {
          const made = makeConsoleTicket({ host, port, tls, ...(tlsName === undefined ? {} : { tlsName }) }, signer, now, 120);
          const opened = open(made);
          expect(readTarget(opened.data)).toEqual({ host, port, tls, tlsName: tlsName ?? host });
          expect(opened.validTo).toBe(now + 120_000);
        },
      ),
      { numRuns: 50 },
    );
  });

  test('is another one each time', () => {
    expect(open(makeConsoleTicket(target, signer, now, 120)).id).not.toBe(open(makeConsoleTicket(target, signer, now, 120)).id);
  });
});

describe('a ticket is honoured', () => {
  test.each([
    ['with the salt of PSS as long as can be', ticket()],
    ['with the salt of PSS as long as the digest', ticket({ saltLength: 32 })],
    ['with its fields signed in another order', ticket({ signedFields: 'data,validTo,salt,validFrom' })],
    ['with the older signature', ticket({ older: true })],
    ['with lines broken as old encoders do it', ticket().replace(/(.{76})/g, '$1\r\n')],
  ])('%s', (_, text) => {
    expect(open(text).data).toContain('5900');
  });

  test('from its first second to its last, in UTC', () => {
    const text = ticket();
    expect(() => open(text, now + 120_000)).not.toThrow();
    expect(() => open(text, now + 121_000)).toThrow('is not valid any more');
    expect(() => open(text, now - 4_000)).not.toThrow();
    expect(() => open(text, now - 6_000)).toThrow('is not valid yet');
  });

  test('as one and the same, however its fields are arranged', () => {
    const text = ticket({ values: { salt: 'AAECAwQFBgc=' } });
    const again = change(text, ({ certificate: _, ...fields }) => ({ more: 1, ...fields }));
    expect(open(again).id).toBe(open(text).id);
  });
});

describe('a ticket is refused', () => {
  test.each<[string, string, string]>([
    ['that somebody else has signed', ticket({ key: stranger.privateKey }), 'not signed by the engine'],
    ['that somebody else has signed the older way', ticket({ key: stranger.privateKey, older: true }), 'not signed by the engine'],
    [
      'whose newer signature is wrong, whatever the older one is',
      change(ticket({ older: true }), (f) => ({ ...f, v2_signature: 'AAAA' })),
      'not signed',
    ],
    ['without a signature', change(ticket(), ({ v2_signature: _, ...rest }) => rest), 'not signed by the engine'],
    [
      'whose target was changed',
      change(ticket(), (f) => ({ ...f, data: encodeURIComponent('{"host":"10.6.6.6","port":"22"}') })),
      'not signed',
    ],
    ['whose end was put off', change(ticket(), (f) => ({ ...f, validTo: '20360102030605' })), 'not signed by the engine'],
    ['that leaves its target unsigned', ticket({ signedFields: 'salt,validFrom,validTo' }), 'does not sign data'],
    ['that leaves its times unsigned', ticket({ signedFields: 'salt,data' }), 'does not sign validFrom, validTo'],
    ['that signs nothing', change(ticket(), (f) => ({ ...f, signedFields: '' })), 'does not sign salt, validFrom, validTo, data'],
    ['that signs a field twice', ticket({ signedFields: 'salt,salt,validFrom,validTo,data' }), 'names a signed field twice'],
    ['that signs what nobody knows', ticket({ values: { extra: 'x' } }), 'signs a field that is unknown'],
    [
      'that signs what every object has',
      ticket({ signedFields: 'salt,validFrom,validTo,data,constructor' }),
      'signs a field that is unknown',
    ],
    ['with another digest', ticket({ older: true, values: { digest: 'md5' } }), 'wrong form of digest'],
    ['on a day that does not exist', ticket({ values: { validTo: '20260231000000' } }), 'a date that does not exist'],
    ['with a year of five digits', ticket({ values: { validTo: '202601020306059' } }), 'wrong form of validTo'],
    ['that ends before it begins', ticket({ values: { validFrom: '20260102030405', validTo: '20260102030404' } }), 'ends before it begins'],
    ['that is no object', Buffer.from('[]').toString('base64'), 'not a JSON object'],
    ['that is no JSON', Buffer.from('{').toString('base64'), 'not JSON'],
    ['that is no base64', '%', 'not base64'],
    ['that is empty', '', 'not base64'],
  ])('%s', (_, text, why) => {
    expect(() => open(text)).toThrow(Refusal);
    expect(() => open(text)).toThrow(why);
  });

  test('in which the engine signed something, cut into fields in another way', () => {
    const text = makeConsoleTicket(target, signer, now, 120);
    const fields = JSON.parse(Buffer.from(text, 'base64').toString()) as Record<string, string>;
    const signed = `${fields['salt']}${fields['validFrom']}${fields['validTo']}${fields['data']}`;
    for (let cut = 1; cut < 28; cut++) {
      const other = change(text, (all) => ({
        ...all,
        salt: signed.slice(0, 12 + cut),
        validFrom: signed.slice(12 + cut, 26 + cut),
        validTo: signed.slice(26 + cut, 40 + cut),
        data: signed.slice(40 + cut),
      }));
      expect(() => open(other), other).toThrow(Refusal);
    }
  });

  test('whatever is thrown at it, with a reason and never by an accident', () => {
    const values = fc.oneof(fc.string(), fc.integer(), fc.constant(null), fc.array(fc.string(), { maxLength: 2 }));
    const names = fc.constantFrom(
      'salt',
      'validFrom',
      'validTo',
      'data',
      'signedFields',
      'signature',
      'v2_signature',
      'digest',
      '__proto__',
    );
    const objects = fc.dictionary(names, values).map((value) => Buffer.from(JSON.stringify(value)).toString('base64'));
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String(), objects), (text) => {
        expect(() => open(text)).toThrow(Refusal);
      }),
    );
  });
});
