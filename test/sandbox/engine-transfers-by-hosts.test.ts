import { readFile } from 'node:fs/promises';
import { execa } from 'execa';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Json } from '../support/api-calls.ts';
import { type DiskHost, otherAddress } from '../support/disk-host.ts';
import { SimulatedFailure } from '../support/simulated-agent.ts';
import { addHost } from '../support/simulated-host.ts';
import { size, useTransfers } from '../support/transfers.ts';
import { eventually } from '../support/waiting.ts';

/* What hosts have to do with transfers: those that convert, and those that are lost. */

const tests = useTransfers();
const { act, api, codesOf, content, curl, disk, inPhase, killEngine, legalityOf, newFile, phaseOf, statusOf, tickets, transferring } =
  tests;
let host: DiskHost;
beforeAll(() => void ({ host } = tests));

describe('a qcow2 disk of which clients see what a guest sees', () => {
  const servers = async (): Promise<number> =>
    Number((await execa('pgrep', ['--count', '--full', `qemu-nbd --socket=${host.storage.settings.nbdFolder}`], { reject: false })).stdout);
  const contentOf = async (file: string): Promise<Buffer> => {
    const raw = newFile('raw');
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
    const copy = newFile('copy');
    const headers = newFile('headers');
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
    const finalized = host.agents.calls.length;
    await act(transfer.id, 'finalize');
    // It is there again, and does not do what it is asked for.
    await isUp(true);
    await eventually(() =>
      expect(host.agents.calls.slice(finalized)).toContainEqual(
        expect.objectContaining({ method: 'Host.remove_image_ticket', host: otherAddress }),
      ),
    );
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
    const until = Date.now() + 6_000;
    await killEngine(async () => {
      await host.postgres.query(`update command_entities set data = jsonb_set(data::jsonb, '{left,0,until}', to_jsonb($1::bigint))`, [
        until,
      ]);
    });
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
