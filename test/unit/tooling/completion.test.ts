import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { completionScript } from '../../../scripts/package/completion.ts';
import { commands } from '../../../src/setup/cli/options.ts';
import { adminPassword } from '../../../plugins/engine/settings.ts';

const script = completionScript(readFileSync(new URL('../../../packaging/completion.bash', import.meta.url), 'utf8'));
const project = fileURLToPath(new URL('../../..', import.meta.url));

/** What bash would offer behind a line. Bash breaks words at "=", so offers begin behind the last one. */
function offers(line: string): readonly string[] {
  const ask = `${script}
COMP_WORDBREAKS=$' \\t\\n"\\'><=;|&(:'
COMP_LINE=$1 COMP_POINT=\${#1} COMP_WORDS=($1)
_engine_setup
printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync('bash', ['-c', ask, 'bash', line], { encoding: 'utf8', cwd: project })
    .split('\n')
    .filter((word) => word !== '');
}

const without = spawnSync('bash', ['-c', 'true']).status === 0 ? null : 'needs bash';

test.skipIf(without !== null).each([
  ['engine-setup ', Object.keys(commands)],
  ['engine-setup sandbox st', ['start', 'stop']],
  ['engine-setup answers ', ['explain', 'convert']],
  ['engine-setup answers explain ans', ['answers']],
  ['engine-setup --reconf', ['--reconfigure-optional-components', '--reconfigure-dwh-scale']],
  ['engine-setup --dialog=', ['lines', 'terminal', 'machine']],
  ['engine-setup plan --set=OVESETUP_CONFIG/publicHttpsP', ['OVESETUP_CONFIG/publicHttpsPort=']],
  ['engine-setup --allow=disk', ['disk-space']],
  ['engine-setup --config-append=LICEN', ['LICENSE']],
  ['engine-setup --set-file=OVESETUP_CONFIG/adminPassword=LICEN', ['LICENSE']],
  ['/usr/bin/engine-config --ro', ['--root=']],
  ['engine-iso-uploader -i ISO up', ['upload']],
  ['engine-iso-uploader -i ISO upload LICEN', ['LICENSE']],
  ['ovirt-aaa-jdbc-tool user pass', ['password-reset']],
  ['ovirt-register-sso-client-tool --cl', ['--client-id=', '--client-ca-location=']],
])('completion offers behind "%s": %j', (line, words) => {
  expect(offers(line)).toEqual(words);
});

test.skipIf(without !== null)('keys of secrets are offered for files, and not for the command line itself', () => {
  expect(offers('engine-setup --set=OVESETUP_CONFIG/adminP')).toEqual([]);
  expect(offers('engine-setup --set-file=OVESETUP_CONFIG/adminP')).toEqual([`${adminPassword.key}=`]);
});
