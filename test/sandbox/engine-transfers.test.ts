import { existsSync } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { execa } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import type { DiskHost } from '../support/disk-host.ts';
import { addUser, giveRole } from '../support/engine.ts';
import { basic } from '../support/https-client.ts';
import { SimulatedFailure } from '../support/simulated-agent.ts';
import { mebi, size, ticketOf, useTransfers } from '../support/transfers.ts';
import { eventually } from '../support/waiting.ts';

/* Uploads and downloads of disks. */

const tests = useTransfers();
const { act, api, begin, codesOf, content, curl, disk, inPhase, legalityOf, newFile, phaseOf, statusOf, tickets, transferring } = tests;
let host: DiskHost;
beforeAll(() => void ({ host } = tests));

describe('an upload', () => {
  it.each(['proxy_url', 'transfer_url'])('goes through %s, and the disk can be used', async (way) => {
    const { id, name, file } = await disk();
    const { path, bytes } = await content();
    const transfer = await transferring(id);
    expect(transfer).toMatchObject({
      ...{ direction: 'upload', format: 'raw', active: 'false', inactivity_timeout: '60', timeout_policy: 'legacy', disk: { id } },
      ...{ image: { id }, host: { id: host.host }, shallow: 'false', transferred: '0' },
      proxy_url: `https://localhost:${host.proxy.port}/images/${ticketOf(transfer)}`,
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
    const [raw, cow] = [await content(), newFile('qcow2')];
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
    const cow = newFile('qcow2');
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
    const half = newFile('half');
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
    await giveRole(host.postgres, 'keeper', 'UserVmManager', { kind: 'disk', id });
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
    const ticket = ticketOf(transfer);
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

describe('a download', () => {
  it('gives what was uploaded, also of a qcow2 image as a file that qemu-img reads', async () => {
    for (const format of ['raw', 'cow']) {
      const { id, file, name } = await disk({ format });
      const transfer = await transferring(id, { direction: 'download' });
      expect(transfer['direction']).toBe('download');
      const copy = newFile('copy');
      const headers = newFile('headers');
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
