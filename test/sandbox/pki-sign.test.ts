import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { privateKey } from '../../src/setup/host/memory/private-keys.ts';
import { certificatesIn } from '../../src/setup/pki/chain.ts';
import { belongsTo, covers } from '../../src/setup/pki/inspect.ts';
import { makeRequest } from '../../src/setup/pki/request.ts';
import { type Trial, manifest, newTrial, run } from '../support/trial.ts';

/* The authority of an engine, as far as signing goes: no service is needed for it. */

let trial: Trial;
const key = privateKey(2048);
const request = makeRequest({ key, names: ['proxy.example.net'] });
const sign = (words: readonly string[], input?: string) =>
  run(['pki', 'sign', `--root=${trial.root}`, ...words], input === undefined ? {} : { input });

beforeAll(async () => {
  trial = await newTrial();
  const { code, stdout } = await run(trial.unattended);
  expect(code, stdout).toBe(0);
}, 120_000);
afterAll(() => trial.remove());

describe('pki sign', () => {
  test('prints a certificate for the request in a file, or on standard input, and changes nothing', async () => {
    const path = join(trial.directory, 'proxy.csr');
    writeFileSync(path, request);
    const before = manifest(join(trial.root, 'etc'));
    for (const ended of [await sign([path, '--name=proxy.example.net']), await sign(['-', '--name=proxy.example.net'], request)]) {
      expect(ended.code, ended.stderr).toBe(0);
      const [own, engine, authority] = certificatesIn(ended.stdout);
      expect(belongsTo(own!, key) && own!.verify(authority!.publicKey) && engine!.verify(authority!.publicKey)).toBe(true);
      expect([covers(own!, 'proxy.example.net'), covers(engine!, 'localhost')]).toEqual([true, true]);
    }
    expect(manifest(join(trial.root, 'etc'))).toEqual(before);
  });

  test('refuses what it does not sign, and prints nothing', async () => {
    const own = await sign(['-', '--name=localhost'], makeRequest({ key, names: ['localhost'] }));
    expect([own.code, own.stdout]).toEqual([4, '']);
    expect(own.stderr).toContain('names the engine itself');
    expect((await sign(['/none', '--name=proxy.example.net'])).stderr).toContain('/none cannot be read: it is not there');
    expect((await sign(['-', '--name=proxy.example.net'], 'x'.repeat(100_000))).stderr).toContain('larger than 64 KiB');
  });

  test('wants a file, a name, and an engine', async () => {
    expect([(await sign([])).code, (await sign(['-'])).code, (await sign(['-', 'x', '--name=a'])).code]).toEqual([2, 2, 2]);
    const elsewhere = await run(['pki', 'sign', '-', '--name=a', `--root=${join(trial.directory, 'empty')}`], { input: request });
    expect(elsewhere.code).toBe(4);
    expect(elsewhere.stderr).toContain('no engine here');
  });
});
