import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { programDirectory } from '../../src/setup/paths.ts';
import { hasCurl } from '../support/trial-client.ts';
import { type Trial, freePort, newTrial, run } from '../support/trial.ts';

/* What a trial has beside the engine, as clients that are not ours see it, and how it comes and goes. */

let trial: Trial;
beforeAll(async () => {
  trial = await newTrial();
  const { code, stdout } = await run(trial.unattended);
  expect(code, stdout).toBe(0);
}, 120_000);
afterAll(() => trial.remove());

const setUp = async (...words: readonly string[]): Promise<string> => {
  const { code, stdout, stderr } = await run([...trial.unattended, ...words]);
  expect(code, stdout + stderr).toBe(0);
  return stdout;
};
const services = async (): Promise<readonly string[]> => (await trial.status()).services.map(({ name, state }) => `${name} ${state}`);

describe('the Image I/O proxy of a trial', () => {
  test.skipIf(!hasCurl)(`carries images as its page has it${hasCurl ? '' : ' (needs curl)'}`, async () => {
    const page = readFileSync(join(programDirectory, 'docs/image-io.md'), 'utf8');
    const [, script] = /^(trial=\$PWD.*?)^```$/ms.exec(page) ?? [];
    const usual = 'trial=$PWD/.sandbox; proxy=64323; daemon=54322\n';
    if (script?.startsWith(usual) !== true) throw new Error('the page about images has no example for a trial');
    const here = `trial=${trial.root}; proxy=${trial.imageioPort}; daemon=${await freePort()}\n`;
    const { stdout, stderr } = await execa('sh', ['-c', here + script.slice(usual.length)], {
      cwd: programDirectory,
      env: { no_proxy: '*' },
    });
    expect(stdout, stderr).toMatch(/^it is there\nand comes back$/m);
  });

  test('goes when it is declined, and comes back when it is chosen again', async () => {
    const declined = '--set=OVESETUP_CONFIG/imageioProxyConfig=False';
    await setUp(declined);
    expect(await services()).not.toContainEqual(expect.stringContaining('imageio'));
    const { stdout } = await run(['plan', ...trial.unattended, declined, '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ pending: 0 });
    await setUp('--set=OVESETUP_CONFIG/imageioProxyConfig=True');
    expect(await services()).toContain('ovirt-imageio running');
  });
});
