import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Json } from '../support/api-calls.ts';
import { type DiskHost, otherAddress, startDiskHost } from '../support/disk-host.ts';
import { addUser, type TestEngine } from '../support/engine.ts';
import { basic } from '../support/https-client.ts';
import { SimulatedFailure } from '../support/simulated-agent.ts';
import { addHost } from '../support/simulated-host.ts';

const mebi = 2 ** 20;
const size = 4 * mebi;
let host: DiskHost;
let engine: TestEngine;
let folder: string;
beforeAll(async () => {
  host = await startDiskHost();
  engine = await host.engine();
  folder = await mkdtemp(join(tmpdir(), 'transfers-'));
});
beforeEach(() => void (host.agents.verbs = host.verbs()));
afterEach(async () => {
  // Nothing of a test goes on in the next.
  for (const { id } of await host.postgres.query<{ id: string }>('select transfer_id as id from image_transfers')) {
    await api().call(`imagetransfers/${id}/cancel`, { method: 'POST', body: {} });
  }
  await eventually(async () => expect(await host.postgres.query('select command_type from command_entities')).toEqual([]));
});
afterAll(async () => {
  await host.stop();
  await rm(folder, { recursive: true, force: true });
});

const api = () => host.calls(engine);
const eventually = (holds: () => Promise<void> | void): Promise<void> => vi.waitFor(holds, { timeout: 40_000, interval: 50 });

let count = 0;
async function disk(more: object = {}): Promise<{ readonly id: string; readonly name: string; readonly file: string }> {
  const name = `transferred${++count}`;
  const { id } = await api().got('disks', {
    body: {
      ...{ name, provisioned_size: size, format: 'raw', sparse: true },
      storage_domains: { storage_domain: [{ id: host.pool.storagedomainID }] },
      ...more,
    },
  });
  await eventually(async () => expect((await api().got(`disks/${id}`))['status']).toBe('ok'));
  const volume = String((await api().got(`disks/${id}`))['image_id']);
  return { id: String(id), name, file: join(host.pool.path, host.pool.storagedomainID, 'images', String(id), volume) };
}
const begin = async (id: string, more: object = {}): Promise<string> => {
  const { id: transfer, phase } = await api().got('imagetransfers', { body: { disk: { id }, ...more } });
  expect(['initializing', 'transferring']).toContain(phase);
  return String(transfer);
};
const phaseOf = async (id: string): Promise<unknown> => (await api().got(`imagetransfers/${id}`))['phase'];
const inPhase = (id: string, phase: string): Promise<void> => eventually(async () => expect(await phaseOf(id)).toBe(phase));
async function transferring(id: string, more: object = {}): Promise<Json & { readonly id: string }> {
  const transfer = await begin(id, more);
  await inPhase(transfer, 'transferring');
  return { ...(await api().got(`imagetransfers/${transfer}`)), id: transfer };
}
const act = (id: string, action: string) => api().got(`imagetransfers/${id}/${action}`, { method: 'POST', body: {} });
const statusOf = async (id: string): Promise<unknown> => (await api().got(`disks/${id}`))['status'];
const codesOf = async (name: string): Promise<readonly number[]> =>
  (
    await host.postgres.query<{ code: number }>(
      'select log_type as code from audit_log where message like $1 and log_type between 1031 and 1099 order by audit_log_id',
      [`%${name}%`],
    )
  ).map(({ code }) => code);

/** curl, as people have it. */
const curl = async (...args: readonly string[]): Promise<{ readonly status: number; readonly output: string }> => {
  const { stdout } = await execa('curl', [
    ...['--silent', '--show-error', '--cacert', host.imagePki.path('ca.pem'), '--write-out', '\n%{http_code}', '--max-time', '30'],
    ...args,
  ]);
  const lines = stdout.split('\n');
  return { status: Number(lines.at(-1)), output: lines.slice(0, -1).join('\n') };
};
async function content(bytes = size): Promise<{ readonly path: string; readonly bytes: Buffer }> {
  const made = { path: join(folder, `${++count}.img`), bytes: randomBytes(bytes) };
  await writeFile(made.path, made.bytes);
  return made;
}
const legalityOf = async (file: string): Promise<string> => /LEGALITY=(\w+)/.exec(await readFile(`${file}.meta`, 'utf8'))?.[1] ?? '';
const tickets = async (transfer: Json): Promise<readonly number[]> => {
  const id = String(transfer['transfer_url']).split('/').at(-1) ?? '';
  return Promise.all([host.daemon, host.proxy].map(async (one) => (await one.control('GET', `/tickets/${id}`)).status));
};

describe('an upload', () => {
  it.each(['proxy_url', 'transfer_url'])('goes through %s, and the disk can be used', async (way) => {
    const { id, name, file } = await disk();
    const { path, bytes } = await content();
    const transfer = await transferring(id);
    expect(transfer).toMatchObject({
      ...{ direction: 'upload', format: 'raw', active: 'false', inactivity_timeout: '60', timeout_policy: 'legacy', disk: { id } },
      ...{ image: { id }, host: { id: host.host }, shallow: 'false', transferred: '0' },
      proxy_url: `https://localhost:${host.proxy.port}/images/${String(transfer['transfer_url']).split('/').at(-1)}`,
      transfer_url: expect.stringContaining(`https://127.0.0.1:${host.daemon.port}/images/`) as string,
    });
    expect([await statusOf(id), await legalityOf(file)]).toEqual(['locked', 'ILLEGAL']);
    expect((await curl('--upload-file', path, String(transfer[way]))).status).toBe(200);
    await eventually(async () => expect((await api().got(`imagetransfers/${transfer.id}`))['transferred']).toBe(String(size)));
    await act(transfer.id, 'finalize');
    await inPhase(transfer.id, 'finished_success');
    expect([await statusOf(id), await legalityOf(file)]).toEqual(['ok', 'LEGAL']);
    expect((await readFile(file)).equals(bytes)).toBe(true);
    expect(Number((await api().got(`disks/${id}`))['actual_size'])).toBe((await stat(file)).blocks * 512);
    expect(await tickets(transfer)).toEqual([404, 404]);
    expect(await codesOf(name)).toEqual([1031, 1032]);
    expect((await curl('--upload-file', path, String(transfer[way]))).status).toBe(403);
  });

  it('of a qcow2 image is checked', async () => {
    const { id, file } = await disk({ format: 'cow', provisioned_size: 16 * mebi });
    const [raw, cow] = [await content(), join(folder, `${++count}.qcow2`)];
    await execa('qemu-img', ['convert', '-O', 'qcow2', raw.path, cow]);
    const transfer = await transferring(id);
    expect((await curl('--upload-file', cow, String(transfer['proxy_url']))).status).toBe(200);
    await act(transfer.id, 'finalize');
    await inPhase(transfer.id, 'finished_success');
    expect((await readFile(file)).subarray(0, (await stat(cow)).size).equals(await readFile(cow))).toBe(true);
  });

  it.each([
    ['stands on another image', ['-b', '/etc/passwd', '-F', 'raw'], 16 * mebi],
    ['is larger than the disk', [], 32 * mebi],
  ])('of a qcow2 image that %s leaves an illegal disk', async (_what, options, bytes) => {
    const { id, name, file } = await disk({ format: 'cow', provisioned_size: 16 * mebi });
    const cow = join(folder, `${++count}.qcow2`);
    await execa('qemu-img', ['create', '-q', '-f', 'qcow2', ...options, cow, String(bytes)]);
    const transfer = await transferring(id);
    expect((await curl('--upload-file', cow, String(transfer['proxy_url']))).status).toBe(200);
    await act(transfer.id, 'finalize');
    await inPhase(transfer.id, 'finished_failure');
    expect([await statusOf(id), await legalityOf(file)]).toEqual(['illegal', 'ILLEGAL']);
    expect(await codesOf(name)).toEqual([1031, 1038]);
    expect((await api().fault('imagetransfers', { body: { disk: { id } } }))[0]).toBe(409);
  });

  it('is paused and resumed, and goes on where it was', async () => {
    const { id, file } = await disk();
    const { bytes, path } = await content();
    const half = join(folder, 'half');
    await writeFile(half, bytes.subarray(0, size / 2));
    const transfer = await transferring(id);
    const url = String(transfer['proxy_url']);
    expect((await curl('--upload-file', half, '--header', `Content-Range: bytes 0-${size / 2 - 1}/${size}`, url)).status).toBe(200);
    await act(transfer.id, 'pause');
    await eventually(async () => expect(await tickets(transfer)).toEqual([404, 404]));
    expect(await phaseOf(transfer.id)).toBe('paused_user');
    expect((await curl('--upload-file', path, url)).status).toBe(403);
    expect((await api().fault(`imagetransfers/${transfer.id}/pause`, { method: 'POST', body: {} }))[0]).toBe(409);
    await act(transfer.id, 'resume');
    await inPhase(transfer.id, 'transferring');
    await writeFile(half, bytes.subarray(size / 2));
    const range = `Content-Range: bytes ${size / 2}-${size - 1}/${size}`;
    expect((await curl('--upload-file', half, '--header', range, url)).status).toBe(200);
    await act(transfer.id, 'finalize');
    await inPhase(transfer.id, 'finished_success');
    expect((await readFile(file)).equals(bytes)).toBe(true);
  });

  it('that is cancelled takes its disk along', async () => {
    const { id, name, file } = await disk();
    const transfer = await transferring(id);
    await act(transfer.id, 'cancel');
    await inPhase(transfer.id, 'finished_cleanup');
    expect((await api().call(`disks/${id}`)).status).toBe(404);
    expect(existsSync(file)).toBe(false);
    expect(await tickets(transfer)).toEqual([404, 404]);
    expect(await codesOf(name)).toEqual([1031, 1033]);
    expect(await api().got(`imagetransfers/${transfer.id}`)).toMatchObject({ disk: { id } });
    expect((await api().fault(`imagetransfers/${transfer.id}/finalize`, { method: 'POST', body: {} }))[0]).toBe(409);
  });

  it.each(['is cancelled', 'fails'])('that %s before anybody could write leaves its disk as it was', async (what) => {
    const { id, name, file } = await disk();
    await writeFile(file, (await content()).bytes);
    const before = await readFile(file);
    const [asked, cancelled] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
    const well = host.verbs()['Image.prepare']!;
    host.agents.verbs['Image.prepare'] = async (params, of) => {
      asked.resolve(undefined);
      await cancelled.promise;
      if (what === 'fails') throw new SimulatedFailure(200, 'the host cannot read the image');
      return well(params, of);
    };
    const transfer = await begin(id);
    await asked.promise;
    expect(await legalityOf(file)).toBe('ILLEGAL');
    if (what === 'is cancelled') await act(transfer, 'cancel');
    cancelled.resolve(undefined);
    await inPhase(transfer, what === 'fails' ? 'finished_failure' : 'finished_cleanup');
    expect([await statusOf(id), await legalityOf(file)]).toEqual(['ok', 'LEGAL']);
    expect((await readFile(file)).equals(before)).toBe(true);
    expect(await codesOf(name)).toEqual([1031, what === 'fails' ? 1038 : 1033]);
  });

  it('begins when its host is lost for a moment', async () => {
    const { id } = await disk();
    host.agents.verbs['Image.prepare'] = () => {
      host.agents.verbs = host.verbs();
      host.agents.cut();
    };
    await transferring(id);
  });

  it('leaves an illegal disk when it is cancelled, where whoever began it may not remove disks', async () => {
    const { id, file } = await disk();
    await addUser(host.postgres, 'keeper', 'Keeper-Canary-1');
    await host.postgres.query(
      `select attach_user_to_role('keeper', 'internal-authz', '*', uuid::text, 'UserVmManager') from aaa_jdbc.users where name = 'keeper'`,
    );
    await host.postgres.query(
      `update permissions set object_id = $1, object_type_id = 19 where ad_element_id = (select user_id from users where username = 'keeper')`,
      [id],
    );
    const as = basic('keeper@internal', 'Keeper-Canary-1');
    expect((await api().fault(`disks/${id}`, { as, method: 'DELETE' }))[0]).toBe(403);
    const transfer = String((await api().got('imagetransfers', { as, body: { disk: { id } } }))['id']);
    await inPhase(transfer, 'transferring');
    await api().got(`imagetransfers/${transfer}/cancel`, { as, method: 'POST', body: {} });
    await inPhase(transfer, 'finished_cleanup');
    expect([await statusOf(id), await legalityOf(file)]).toEqual(['illegal', 'ILLEGAL']);
  });

  it.each([
    ['legacy', 'upload', 'paused_system', 'locked'],
    ['cancel', 'upload', 'finished_failure', null],
    ['legacy', 'download', 'finished_failure', 'ok'],
    ['pause', 'download', 'paused_system', 'locked'],
  ] as const)('that nobody uses (policy %s of an %s) becomes %s', async (policy, direction, phase, status) => {
    const { id } = await disk();
    const transfer = await begin(id, { direction, timeout_policy: policy, inactivity_timeout: 1 });
    await inPhase(transfer, phase);
    if (status === null) expect((await api().call(`disks/${id}`)).status).toBe(404);
    else expect(await statusOf(id)).toBe(status);
  });

  it('is resumed after a daemon that forgot its tickets', async () => {
    const { id } = await disk();
    const transfer = await transferring(id);
    const ticket = String(transfer['transfer_url']).split('/').at(-1) ?? '';
    for (const one of [host.daemon, host.proxy]) await one.control('DELETE', `/tickets/${ticket}`);
    await eventually(async () => expect(await tickets(transfer)).toEqual([200, 200]));
  });

  it('waits to be resumed where no host can serve it, and is served by whichever can', async () => {
    const { id, name } = await disk();
    host.agents.verbs['Host.add_image_ticket'] = () => {
      throw new SimulatedFailure(481, 'the image service of this host does not answer');
    };
    const transfer = await begin(id);
    await inPhase(transfer, 'paused_system');
    expect(await codesOf(name)).toEqual([1031, 1035]);
    host.agents.verbs = host.verbs();
    await act(transfer, 'resume');
    await inPhase(transfer, 'transferring');
  });

  it.each([
    [{ disk: undefined }, 400, 'ImageTransfer [disk] required for add'],
    [{ disk: { id: '00000000-0000-4000-8000-000000000000' } }, 404, 'none of the disks'],
    [{ direction: 'sideways' }, 400, 'direction must be one of'],
    [{ format: 'cow' }, 400, 'has the format raw'],
    [{ format: 'vmdk' }, 400, 'format must be one of'],
    [{ timeout_policy: 'never' }, 400, 'timeout_policy must be one of'],
    [{ inactivity_timeout: -1 }, 400, 'inactivity_timeout'],
    [{ snapshot: { id: 'x' } }, 400, 'snapshot'],
    [{ host: { name: 'nobody' } }, 404, 'none of the hosts'],
  ])('that cannot be is refused: %j', async (more, status, detail) => {
    const { id } = await disk();
    const [found, said] = await api().fault('imagetransfers', { body: { disk: { id }, ...more } });
    expect([found, said]).toEqual([status, expect.stringContaining(detail)]);
    expect(await statusOf(id)).toBe('ok');
  });

  it('keeps everything else away from its disk', async () => {
    const { id } = await disk();
    await transferring(id);
    expect((await api().fault('imagetransfers', { body: { disk: { id } } }))[0]).toBe(409);
    expect((await api().fault(`disks/${id}`, { method: 'DELETE' }))[0]).toBe(409);
    expect((await api().fault(`disks/${id}`, { method: 'PUT', body: { provisioned_size: size * 2 } }))[0]).toBe(409);
  });
});

describe('a qcow2 disk of which clients see what a guest sees', () => {
  const servers = async (): Promise<number> =>
    Number((await execa('pgrep', ['--count', '--full', `qemu-nbd --socket=${host.storage.settings.nbdFolder}`], { reject: false })).stdout);
  const contentOf = async (file: string): Promise<Buffer> => {
    const raw = join(folder, `${++count}.raw`);
    await execa('qemu-img', ['convert', '-f', 'qcow2', '-O', 'raw', file, raw]);
    return readFile(raw);
  };

  it('is uploaded and downloaded as raw, and converted on its host', async () => {
    const { id, name, file } = await disk({ format: 'cow' });
    const { path, bytes } = await content();
    const upload = await transferring(id, { format: 'raw' });
    expect([upload['format'], await servers()]).toEqual(['raw', 1]);
    expect((await curl('--upload-file', path, String(upload['proxy_url']))).status).toBe(200);
    await act(upload.id, 'finalize');
    await inPhase(upload.id, 'finished_success');
    expect([(await contentOf(file)).equals(bytes), await servers(), await legalityOf(file)]).toEqual([true, 0, 'LEGAL']);
    const download = await transferring(id, { format: 'raw', direction: 'download' });
    const copy = join(folder, `${++count}.copy`);
    const headers = join(folder, 'headers');
    expect((await curl('--output', copy, '--dump-header', headers, String(download['transfer_url']))).status).toBe(200);
    expect([(await readFile(copy)).equals(bytes), (await readFile(headers, 'utf8')).includes(`${name}.raw`)]).toEqual([true, true]);
    const { output } = await curl(`${String(download['transfer_url'])}/extents`);
    expect((JSON.parse(output) as readonly Json[]).reduce((sum, { length }) => sum + Number(length), 0)).toBe(size);
    await act(download.id, 'finalize');
    await inPhase(download.id, 'finished_success');
    expect(await servers()).toBe(0);
  });

  it('has no server while it is paused, and none after it was cancelled', async () => {
    const { id } = await disk({ format: 'cow' });
    const transfer = await transferring(id, { format: 'raw' });
    await act(transfer.id, 'pause');
    await eventually(async () => expect(await servers()).toBe(0));
    await act(transfer.id, 'resume');
    await inPhase(transfer.id, 'transferring');
    expect(await servers()).toBe(1);
    await act(transfer.id, 'cancel');
    await inPhase(transfer.id, 'finished_cleanup');
    expect(await servers()).toBe(0);
  });

  it('has its server again when that has died', async () => {
    const { id, file } = await disk({ format: 'cow' });
    const { path, bytes } = await content();
    const transfer = await transferring(id, { format: 'raw' });
    await execa('pkill', ['--signal', 'KILL', '--full', `qemu-nbd --socket=${host.storage.settings.nbdFolder}/${transfer.id}`]);
    await eventually(async () => expect((await curl('--upload-file', path, String(transfer['proxy_url']))).status).toBe(200));
    await act(transfer.id, 'finalize');
    await inPhase(transfer.id, 'finished_success');
    expect((await contentOf(file)).equals(bytes)).toBe(true);
  });
});

describe('a host that is lost', () => {
  let other: string;
  beforeAll(async () => {
    other = await addHost(host.postgres, { name: 'other', address: otherAddress, port: host.agents.port });
  });
  const isUp = (up: boolean) => host.postgres.query('update vds_dynamic set status = $2 where vds_id = $1', [other, up ? 3 : 2]);
  beforeEach(() => isUp(true));
  afterEach(() => isUp(false));
  const lost = async (): Promise<void> => {
    await isUp(false);
    const well = host.verbs()['Host.remove_image_ticket']!;
    host.agents.verbs['Host.remove_image_ticket'] = (params, of) => {
      if (of === otherAddress) throw new SimulatedFailure(482, 'the image service of this host does not answer');
      return well(params, of);
    };
  };
  const found = async (): Promise<void> => {
    host.agents.verbs = host.verbs();
    await isUp(true);
  };

  it('is left by an upload, which is not taken for whole while anybody may write there', async () => {
    const { id, file } = await disk();
    const transfer = await transferring(id, { host: { id: other } });
    expect(transfer['host']).toMatchObject({ id: other });
    await lost();
    await act(transfer.id, 'pause');
    await act(transfer.id, 'resume');
    await inPhase(transfer.id, 'transferring');
    expect((await api().got(`imagetransfers/${transfer.id}`))['host']).toMatchObject({ id: host.host });
    await act(transfer.id, 'finalize');
    await sleep(2_500);
    expect([await phaseOf(transfer.id), await legalityOf(file)]).toEqual(['finalizing_success', 'ILLEGAL']);
    const before = host.agents.calls.length;
    await found();
    await inPhase(transfer.id, 'finished_success');
    expect([await statusOf(id), await legalityOf(file)]).toEqual(['ok', 'LEGAL']);
    const since = host.agents.calls.slice(before);
    const at = (verb: string): number => since.findIndex(({ method }) => method === verb);
    expect(since[at('Host.remove_image_ticket')]?.host).toBe(otherAddress);
    expect(at('Host.remove_image_ticket')).toBeLessThan(at('Volume.verify_untrusted'));
  });

  it('lets nobody in any more once its ticket has ended, also while engines change', async () => {
    const { id } = await disk();
    const transfer = await transferring(id, { host: { id: other } });
    await lost();
    await act(transfer.id, 'pause');
    await act(transfer.id, 'resume');
    await inPhase(transfer.id, 'transferring');
    await engine.end('SIGKILL');
    const until = Date.now() + 6_000;
    await host.postgres.query(`update command_entities set data = jsonb_set(data::jsonb, '{left,0,until}', to_jsonb($1::bigint))`, [until]);
    engine = await host.engine();
    await act(transfer.id, 'finalize');
    await inPhase(transfer.id, 'finished_success');
    expect(Date.now()).toBeGreaterThan(until);
  });

  it('is left at once where the door was closed before', async () => {
    const { id } = await disk();
    const transfer = await transferring(id, { host: { id: other } });
    await act(transfer.id, 'pause');
    await eventually(async () => expect(await tickets(transfer)).toEqual([404, 404]));
    await lost();
    await act(transfer.id, 'resume');
    await inPhase(transfer.id, 'transferring');
    await act(transfer.id, 'finalize');
    await inPhase(transfer.id, 'finished_success');
  });

  it('is waited for where its server converts', async () => {
    const { id, name } = await disk({ format: 'cow' });
    const transfer = await transferring(id, { format: 'raw', host: { id: other } });
    await lost();
    await act(transfer.id, 'pause');
    await act(transfer.id, 'resume');
    await inPhase(transfer.id, 'paused_system');
    expect(await codesOf(name)).toEqual([1031, 1035]);
    await found();
    await act(transfer.id, 'resume');
    await inPhase(transfer.id, 'transferring');
    expect((await api().got(`imagetransfers/${transfer.id}`))['host']).toMatchObject({ id: other });
    await act(transfer.id, 'finalize');
    await inPhase(transfer.id, 'finished_success');
  });
});

describe('a download', () => {
  it('gives what was uploaded, also of a qcow2 image as a file that qemu-img reads', async () => {
    for (const format of ['raw', 'cow']) {
      const { id, file, name } = await disk({ format });
      const transfer = await transferring(id, { direction: 'download' });
      expect(transfer['direction']).toBe('download');
      const copy = join(folder, `${++count}.copy`);
      const headers = join(folder, 'headers');
      expect((await curl('--output', copy, '--dump-header', headers, String(transfer['proxy_url']))).status).toBe(200);
      expect((await readFile(copy)).equals(await readFile(file))).toBe(true);
      expect(await readFile(headers, 'utf8')).toContain(`${name}.${format === 'cow' ? 'qcow2' : 'raw'}`);
      expect((await execa('qemu-img', ['info', '-f', format === 'cow' ? 'qcow2' : 'raw', copy])).stdout).toContain('4 MiB');
      // Whoever may read may not write.
      expect((await curl('--upload-file', copy, String(transfer['proxy_url']))).status).toBe(403);
      await act(transfer.id, 'finalize');
      await inPhase(transfer.id, 'finished_success');
      expect(await statusOf(id)).toBe('ok');
    }
  });

  it('that is cancelled leaves its disk', async () => {
    const { id } = await disk();
    const transfer = await transferring(id, { direction: 'download' });
    await act(transfer.id, 'cancel');
    await inPhase(transfer.id, 'finished_cleanup');
    expect(await statusOf(id)).toBe('ok');
  });
});

describe('an engine that is killed', () => {
  const hanging = (verb: string): (() => number) => {
    const well = host.verbs()[verb]!;
    let calls = 0;
    host.agents.verbs[verb] = async (params, of) => {
      calls++;
      await well(params, of);
      return new Promise(() => undefined);
    };
    return () => calls;
  };
  const killed = async (): Promise<void> => {
    await engine.end('SIGKILL');
    host.agents.verbs = host.verbs();
    engine = await host.engine();
  };

  it.each(['Volume.setLegality', 'Image.prepare', 'Host.add_image_ticket'])('in %s has the upload begun by the next', async (verb) => {
    const { id } = await disk();
    const calls = hanging(verb);
    const transfer = await begin(id);
    await eventually(() => expect(calls()).toBeGreaterThan(0));
    await killed();
    await inPhase(transfer, 'transferring');
    await act(transfer, 'finalize');
    await inPhase(transfer, 'finished_success');
  });

  it('while bytes come does not break an upload', async () => {
    const { id, file } = await disk();
    const { path, bytes } = await content();
    const transfer = await transferring(id);
    const sending = curl('--limit-rate', '1M', '--upload-file', path, String(transfer['proxy_url']));
    await sleep(1_000);
    await killed();
    expect((await sending).status).toBe(200);
    await act(transfer.id, 'finalize');
    await inPhase(transfer.id, 'finished_success');
    expect((await readFile(file)).equals(bytes)).toBe(true);
  });

  it.each(['Host.remove_image_ticket', 'Volume.verify_untrusted', 'Volume.setLegality', 'Volume.getInfo', 'Image.teardown'])(
    'in %s has the upload ended by the next',
    async (verb) => {
      const { id, name, file } = await disk();
      const transfer = await transferring(id);
      const calls = hanging(verb);
      await act(transfer.id, 'finalize');
      await eventually(() => expect(calls()).toBeGreaterThan(0));
      await killed();
      await inPhase(transfer.id, 'finished_success');
      expect([await statusOf(id), await legalityOf(file)]).toEqual(['ok', 'LEGAL']);
      expect(await codesOf(name)).toEqual([1031, 1032]);
    },
  );

  it.each(['Host.remove_image_ticket', 'Image.delete', 'Task.getStatus'])('in %s has the upload cancelled by the next', async (verb) => {
    const { id, file } = await disk();
    const transfer = await transferring(id);
    const calls = hanging(verb);
    await act(transfer.id, 'cancel');
    await eventually(() => expect(calls()).toBeGreaterThan(0));
    await killed();
    await inPhase(transfer.id, 'finished_cleanup');
    expect([existsSync(file), (await api().call(`disks/${id}`)).status]).toEqual([false, 404]);
  });
});
