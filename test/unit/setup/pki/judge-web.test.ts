import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { certificatesIn, issuers, pathFrom, served } from '../../../../src/setup/pki/chain.ts';
import { judgeWebCertificate, watchWebCertificate } from '../../../../src/setup/pki/judge-web.ts';
import { english } from '../../../support/fakes.ts';
import { type ForeignAuthority, type Wanted, foreignAuthority, ofServers } from '../../../support/foreign-authority.ts';

let authority: ForeignAuthority;
beforeAll(() => {
  authority = foreignAuthority();
  authority.issue('good', { extensions: ofServers('DNS:localhost,DNS:*.example.net,IP:127.0.0.1') });
  authority.issue('other');
});
afterAll(() => authority.remove());

const now = new Date('2030-06-01T00:00:00Z');
const certificates = (...files: readonly string[]) => files.flatMap((file) => certificatesIn(authority.read(`${file}.pem`)));
const judge = async (files: readonly string[], more: { key?: string; name?: string; others?: readonly string[] } = {}) => {
  const { key = files[0], name = 'localhost', others = [] } = more;
  const found = await judgeWebCertificate(
    { certificates: certificates(...files), key: authority.read(`${key}.key`) },
    { name, others, now },
  );
  return (english(found) as readonly { id: string; level: string; message: string }[]).map(({ id, level, message }) => [
    id,
    level,
    message,
  ]);
};
const issued = (id: string, wanted: Wanted) => {
  authority.issue(id, wanted);
  return judge([id, 'chain']);
};

describe('a certificate that is handed in', () => {
  test('is fine with its key and all that stands above it, in whatever order', async () => {
    expect(await judge(['good', 'middle', 'root'])).toEqual([]);
    expect(await judge(['good', 'root', 'middle'])).toEqual([]);
    expect(await judge(['good', 'chain'], { name: 'engine.example.net' })).toEqual([]);
  });

  test('has to come with its own key', async () => {
    expect(await judge(['good', 'chain'], { key: 'other' })).toEqual([['https-key', 'error', 'The private key does not belong to good']]);
  });

  test('has to lead to a root, and says whose certificate is missing', async () => {
    expect(await judge(['good'])).toMatchObject([
      ['https-chain', 'error', expect.stringMatching(/issuer of good is missing.*Foreign Middle/)],
    ]);
    expect(await judge(['good', 'middle'])).toMatchObject([['https-chain', 'error', expect.stringContaining('issuer of Foreign Middle')]]);
    expect(await judge(['good', 'root'])).toMatchObject([
      ['https-chain', 'error', expect.stringContaining('issuer of good')],
      ['https-chain', 'warning', expect.stringContaining('Foreign Root')],
    ]);
    expect(await judge(['good', 'chain', 'other'])).toMatchObject([
      ['https-chain', 'warning', 'Left out, since they have no part in the chain: other'],
    ]);
    expect(await issued('alone', { by: 'alone' })).toContainEqual([
      'https-chain',
      'error',
      'alone has signed itself: no authority vouches for it',
    ]);
  });

  test('has to speak for the name of the engine, and is told which of the others it lacks', async () => {
    expect(await judge(['good', 'chain'], { name: 'a.b.example.net' })).toMatchObject([
      ['https-names', 'error', expect.stringContaining('a.b.example.net')],
    ]);
    // A common name alone counts for nothing.
    authority.issue('named', { name: 'engine.example.net', extensions: ofServers('DNS:localhost') });
    expect(await judge(['named', 'chain'], { name: 'engine.example.net' })).toMatchObject([['https-names', 'error', expect.any(String)]]);
    expect(await judge(['good', 'chain'], { others: ['127.0.0.1', '::1', 'x.example.net', 'example.net'] })).toEqual([
      ['https-names', 'warning', 'The certificate does not speak for ::1, example.net: browsers will warn of these addresses'],
    ]);
  });

  test('has to be valid today, and those above it as well', async () => {
    expect(await issued('early', { from: '20300602000000Z' })).toMatchObject([
      ['https-dates', 'error', expect.stringContaining('is valid from')],
    ]);
    expect(await issued('over', { to: '20300531000000Z' })).toMatchObject([['https-dates', 'error', expect.stringContaining('has ended')]]);
    expect(await issued('soon', { to: '20300630000000Z' })).toMatchObject([
      ['https-dates', 'warning', expect.stringContaining('ends soon')],
    ]);
    expect(await issued('later', { to: '20300702000000Z' })).toEqual([]);
    authority.issue('old-middle', {
      to: '20300101000000Z',
      extensions: ['basicConstraints=critical,CA:TRUE'],
      key: 'rsa:2048',
      by: 'root',
    });
    authority.issue('under-old', { by: 'old-middle' });
    expect(await judge(['under-old', 'old-middle', 'root'])).toMatchObject([
      ['https-dates', 'error', expect.stringMatching(/^old-middle has ended/)],
    ]);
  });

  test('has to be one that servers may use with TLS', async () => {
    const [, usage = '', extended = '', names = ''] = ofServers('DNS:localhost');
    const issue = (id: string, ...extensions: readonly string[]) => issued(id, { extensions });
    expect(await issue('client', usage, 'extendedKeyUsage=clientAuth', names)).toMatchObject([
      ['https-usage', 'error', expect.stringContaining('serverAuth')],
    ]);
    expect(await issue('cipher', 'keyUsage=critical,keyEncipherment', extended, names)).toMatchObject([
      ['https-usage', 'error', expect.stringContaining('digitalSignature')],
    ]);
    expect(await issue('authority', 'basicConstraints=critical,CA:TRUE', names)).toMatchObject([
      ['https-usage', 'error', expect.stringContaining('is the certificate of an authority')],
    ]);
    expect(await issue('plain', names)).toEqual([]);
    expect(await issue('both', 'keyUsage=keyEncipherment,digitalSignature', 'extendedKeyUsage=clientAuth,serverAuth', names)).toEqual([]);
  });

  test('has to have a key that nobody breaks and browsers know, and a signature that nobody forges', async () => {
    expect(await issued('short', { key: 'rsa:1024' })).toMatchObject([
      ['https-strength', 'error', expect.stringContaining('RSA with 1024 bits')],
    ]);
    expect(await issued('edwards', { key: 'ed25519' })).toMatchObject([['https-strength', 'error', expect.stringContaining('ed25519')]]);
    expect(await issued('sha1', { digest: 'sha1' })).toMatchObject([
      ['https-strength', 'error', expect.stringContaining('signed with sha1')],
    ]);
    expect(await issued('md5', { digest: 'md5' })).toMatchObject([['https-strength', 'error', expect.stringContaining('signed with md5')]]);
    expect(await issued('rsa', { key: 'rsa:2048' })).toEqual([]);
  });

  test('is told of all that is wrong with it at once', async () => {
    authority.issue('bad', { key: 'rsa:1024', digest: 'sha1', to: '20250101000000Z', extensions: ['extendedKeyUsage=clientAuth'] });
    const found = await judge(['bad', 'chain'], { key: 'other' });
    expect(new Set(found.map(([id]) => id))).toEqual(new Set(['https-key', 'https-names', 'https-dates', 'https-usage', 'https-strength']));
  });
});

test('a server sends itself and those between; whoever verifies knows those above, with the root', () => {
  const [own, ...others] = certificates('good', 'root', 'middle', 'other');
  const path = pathFrom(own!, others);
  expect(served(path)).toBe(certificates('good', 'middle').map(String).join(''));
  expect(issuers(path)).toBe(certificates('middle', 'root').map(String).join(''));
});

describe('a certificate that is installed', () => {
  const watch = (file: string, key: string, name = 'localhost') =>
    (
      english(
        watchWebCertificate({ certificates: certificates(file), key: authority.read(`${key}.key`) }, { name, others: ['::1'], now }),
      ) as readonly { id: string; level: string }[]
    ).map(({ id, level }) => `${id} ${level}`);

  test('is watched for its end and its name, which stop no run, and for its key, without which nothing starts', () => {
    authority.issue('ending', { to: '20300615000000Z' });
    expect(watch('good', 'good')).toEqual([]);
    expect(watch('ending', 'ending')).toEqual(['https-dates warning']);
    expect(watch('good', 'good', 'elsewhere.org')).toEqual(['https-names warning']);
    expect(watch('good', 'other')).toEqual(['https-key error']);
  });
});
