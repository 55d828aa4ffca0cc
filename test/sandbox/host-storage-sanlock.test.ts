import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type Server, type Socket, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sanlockLeases } from '../../src/services/host-agent/storage/sanlock.ts';

/* What becomes of what sanlock says, by a program in its place: it itself takes half a minute for each answer, and is tried on whole hosts. */

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'sanlock-'))));
afterEach(() => rm(folder, { recursive: true }));

const places = { domain: 'dom', ids: '/mnt/server:_data/ids', leases: '/mnt/server:_data/leases' };
const never = new AbortController().signal;

/** @param says lines of the shell for what each command (`$2`) says and how it ends */
async function leasesWith(says: string) {
  const sanlock = join(folder, 'sanlock');
  await writeFile(sanlock, `#!/bin/sh\necho "$2 $4" >>${folder}/asked\n${says}\n`, { mode: 0o755 });
  return sanlockLeases({ sanlock, sanlockSocket: join(folder, 'socket'), leaseIoSeconds: 10 });
}
const asked = async (): Promise<readonly string[]> => (await readFile(join(folder, 'asked'), 'utf8')).trim().split('\n');

test.each([-2, -111])('a number that was lost, with the storage or with sanlock (%i), is given back without ado', async (code) => {
  const leases = await leasesWith(`echo "rem_lockspace done ${code}"; exit 1`);
  await expect(leases.leave(places, 1)).resolves.toBeUndefined();
});

test('a number that cannot be given back is told', async () => {
  const leases = await leasesWith('echo "rem_lockspace done -16"; exit 1');
  await expect(leases.leave(places, 1)).rejects.toThrow('done -16');
});

test('a number that this host has is taken again; another one of the same domain is given back first, and no other', async () => {
  const again = await leasesWith('echo "add_lockspace_timeout done -17"; exit 1');
  await again.join(places, 1, never);
  expect(await asked()).toEqual(['add_lockspace dom:1:/mnt/server\\:_data/ids:0']);
  const other = await leasesWith(`case "$2" in
    add_lockspace) [ -e ${folder}/left ] || { echo "add_lockspace_timeout done -22"; exit 1; };;
    gets) printf 's more:9:/x/ids:0\\ns dom:250:/old/server:_data/ids:0 \\n';;
    rem_lockspace) touch ${folder}/left;;
  esac`);
  await other.join(places, 3, never);
  expect((await asked()).slice(1)).toEqual([
    'add_lockspace dom:3:/mnt/server\\:_data/ids:0',
    'gets ',
    'rem_lockspace dom:250:/old/server\\:_data/ids:0',
    'add_lockspace dom:3:/mnt/server\\:_data/ids:0',
  ]);
});

test('a number that an agent has left which was killed is given back on all domains, and no other is', async () => {
  const leases = await leasesWith(`case "$2" in gets) printf 's a:250:/x/ids:0 ADD \\ns b:25:/y/ids:0 \\ns c:250:/z/ids:0 \\n';; esac`);
  await leases.leaveEverywhere(250);
  expect(await asked()).toEqual(['gets ', 'rem_lockspace a:250:/x/ids:0', 'rem_lockspace c:250:/z/ids:0']);
});

describe('a lease', () => {
  let daemon: Server;
  const clients: Socket[] = [];
  beforeEach(async () => {
    daemon = createServer((client) => clients.push(client)).listen(join(folder, 'socket'));
    await once(daemon, 'listening');
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.destroy();
    daemon.close();
  });
  /** The daemon hears late that it is given back. */
  const acquired = async () => {
    const leases = await leasesWith(`case "$2" in
      command) exec /bin/cat;;
      read_leader) n=$(cat ${folder}/looks || echo 0); echo $((n + 1)) >${folder}/looks
        [ "$n" -lt 3 ] && echo 'timestamp 5' || echo 'timestamp 0'; echo 'owner_id 1'; echo 'lver 4';;
    esac`);
    return leases.acquire(places);
  };

  test('is free for others when it was given back', async () => {
    const lease = await acquired();
    expect([lease.isHeld(), lease.version]).toEqual([true, 4]);
    await lease.release();
    expect(lease.isHeld()).toBe(false);
    expect(await readFile(join(folder, 'looks'), 'utf8')).toBe('4\n');
  });

  test('is lost with the daemon', async () => {
    const lease = await acquired();
    for (const client of clients) client.destroy();
    await lease.lost;
    expect(lease.isHeld()).toBe(false);
  });

  test('is had from nobody where the daemon is not there', async () => {
    daemon.close();
    await expect(acquired()).rejects.toThrow('is it running?');
  });
});
