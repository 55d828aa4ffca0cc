import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import type { Installed } from '../test/support/installed.ts';
import { installedHost } from '../test/support/installed-host.ts';
import { buildPackages } from './package.ts';

/*
 * `npm run fixture`: installs this version on a test host and writes down what it leaves there, for later versions to upgrade from.
 * See docs/packaging.md.
 */

const project = fileURLToPath(new URL('..', import.meta.url));
const { version } = JSON.parse(await readFile(`${project}package.json`, 'utf8')) as { readonly version: string };
const path = `${project}test/fixtures/installed-${version}.yaml`;
const folder = await mkdtemp('/var/tmp/engine-setup-packages-');
try {
  const [deb = ''] = buildPackages({ into: folder, epoch: 1_700_000_000, effort: 'quick', kinds: ['deb'] });
  const installed: Installed = { version, ...(await installedHost(deb)) };
  const header = `# What engine-setup ${version} leaves on a host of its own, as npm run fixture has found it. Never edit it, and never record it anew\n# once that version is out: it is what others have.\n`;
  await writeFile(path, header + stringify(installed, { lineWidth: 0 }));
  console.log(path);
} finally {
  await rm(folder, { recursive: true, force: true });
}
