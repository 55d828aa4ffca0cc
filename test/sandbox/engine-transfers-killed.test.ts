import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../support/api-calls.ts';
import type { DiskHost } from '../support/disk-host.ts';
import { ticketOf, useTransfers } from '../support/transfers.ts';
import { eventually } from '../support/waiting.ts';

/* Engines that are killed in the middle of a transfer: the next one brings it to its end. */

const tests = useTransfers();
const { act, api, begin, codesOf, content, curl, disk, hanging, inPhase, killEngine, legalityOf, statusOf, transferring } = tests;
let host: DiskHost;
beforeAll(() => void ({ host } = tests));

describe('an engine that is killed', () => {
  it.each(['Volume.setLegality', 'Image.prepare', 'Host.add_image_ticket'])('in %s has the upload begun by the next', async (verb) => {
    const { id } = await disk();
    const hangs = hanging(verb);
    const transfer = await begin(id);
    await hangs();
    await killEngine();
    await inPhase(transfer, 'transferring');
    await act(transfer, 'finalize');
    await inPhase(transfer, 'finished_success');
  });

  it('while bytes come does not break an upload', async () => {
    const { id, file } = await disk();
    const { path, bytes } = await content();
    const transfer = await transferring(id);
    const sending = curl('--limit-rate', '1M', '--upload-file', path, String(transfer['proxy_url']));
    await eventually(async () => {
      const { body } = await host.daemon.control('GET', `/tickets/${ticketOf(transfer)}`);
      expect(Number((JSON.parse(body.toString()) as Json)['transferred'])).toBeGreaterThan(0);
    });
    await killEngine();
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
      const hangs = hanging(verb);
      await act(transfer.id, 'finalize');
      await hangs();
      await killEngine();
      await inPhase(transfer.id, 'finished_success');
      expect([await statusOf(id), await legalityOf(file)]).toEqual(['ok', 'LEGAL']);
      expect(await codesOf(name)).toEqual([1031, 1032]);
    },
  );

  it.each(['Host.remove_image_ticket', 'Image.delete', 'Task.getStatus'])('in %s has the upload cancelled by the next', async (verb) => {
    const { id, file } = await disk();
    const transfer = await transferring(id);
    const hangs = hanging(verb);
    await act(transfer.id, 'cancel');
    await hangs();
    await killEngine();
    await inPhase(transfer.id, 'finished_cleanup');
    expect([existsSync(file), (await api().call(`disks/${id}`)).status]).toEqual([false, 404]);
  });
});
