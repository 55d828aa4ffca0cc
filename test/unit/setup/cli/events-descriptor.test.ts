import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkEventsDescriptor } from '../../../../src/setup/cli/events-descriptor.ts';
import { programDirectory } from '../../../../src/setup/paths.ts';

test('a descriptor is taken that is open for writing, or for both', () => {
  const directory = mkdtempSync(join(tmpdir(), 'descriptor-'));
  try {
    for (const flags of ['w', 'a', 'r+']) {
      const fd = openSync(join(directory, 'file'), flags);
      expect(() => checkEventsDescriptor(fd)).not.toThrow();
      closeSync(fd);
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('those that the runtime has opened for itself are refused, pipes and all', () => {
  const script = `
    const { checkEventsDescriptor } = await import('${join(programDirectory, 'src/setup/cli/events-descriptor.ts')}');
    const { readdirSync } = await import('node:fs');
    const taken = readdirSync('/proc/self/fd').map(Number).filter((fd) => {
      try {
        checkEventsDescriptor(fd);
        return true;
      } catch {
        return false;
      }
    });
    console.log(JSON.stringify([readdirSync('/proc/self/fd').length > 3, taken]));`;
  // Whatever else this very process was given is not handed on.
  const alone = 'for each in /proc/self/fd/*; do [ "${each##*/}" -gt 2 ] && eval "exec ${each##*/}>&-"; done; exec "$0" "$@" </dev/null';
  const { stdout, stderr } = spawnSync('bash', ['-c', alone, process.execPath, '--input-type=module', '--eval', script], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual([true, [1, 2]]);
});
