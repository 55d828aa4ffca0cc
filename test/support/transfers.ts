import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import type { Json } from './api-calls.ts';
import { type DiskHostTests, useDiskHost } from './running-disk-host.ts';
import { eventually } from './waiting.ts';

export const mebi = 2 ** 20;
/** Bytes of a disk, unless something else is said. */
export const size = 4 * mebi;

/** Transfers of disks by real daemons and curl, for all tests of the file. */
export interface TransferTests extends DiskHostTests {
  /** Where a new file can be. */
  newFile(ending: string): string;
  /** A file of any bytes. */
  content(bytes?: number): Promise<{ readonly path: string; readonly bytes: Buffer }>;
  disk(more?: object): Promise<{ readonly id: string; readonly name: string; readonly file: string }>;
  statusOf(disk: string): Promise<unknown>;
  legalityOf(file: string): Promise<string>;
  begin(disk: string, more?: object): Promise<string>;
  /** A transfer that clients can use. */
  transferring(disk: string, more?: object): Promise<Json & { readonly id: string }>;
  phaseOf(transfer: string): Promise<unknown>;
  inPhase(transfer: string, phase: string): Promise<void>;
  act(transfer: string, action: string): Promise<Json>;
  /** What daemon and proxy answer when they are asked for the ticket of a transfer. */
  tickets(transfer: Json): Promise<readonly number[]>;
  /** Codes of the events of transfers of a disk, in their order. */
  codesOf(disk: string): Promise<readonly number[]>;
  /** curl, as people have it. */
  curl(...args: readonly string[]): Promise<{ readonly status: number; readonly output: string }>;
}

/** The name of the ticket of a transfer. */
export const ticketOf = (transfer: Json): string => String(transfer['transfer_url']).split('/').at(-1) ?? '';

export function useTransfers(): TransferTests {
  const disks = useDiskHost();
  let folder = '';
  let count = 0;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'transfers-'));
  });
  afterEach(async () => {
    // Nothing of a test goes on in the next.
    for (const { id } of await tests.host.postgres.query<{ id: string }>('select transfer_id as id from image_transfers')) {
      await tests.api().call(`imagetransfers/${id}/cancel`, { method: 'POST', body: {} });
    }
    await eventually(async () => expect(await tests.host.postgres.query('select command_type from command_entities')).toEqual([]));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const tests: TransferTests = {
    ...{ api: disks.api, hanging: disks.hanging, killEngine: disks.killEngine },
    get host() {
      return disks.host;
    },
    get engine() {
      return disks.engine;
    },
    newFile: (ending) => join(folder, `${++count}.${ending}`),
    async content(bytes = size) {
      const made = { path: tests.newFile('img'), bytes: randomBytes(bytes) };
      await writeFile(made.path, made.bytes);
      return made;
    },
    async disk(more = {}) {
      const name = `transferred${++count}`;
      const { id } = await tests.api().got('disks', {
        body: {
          ...{ name, provisioned_size: size, format: 'raw', sparse: true },
          storage_domains: { storage_domain: [{ id: tests.host.pool.storagedomainID }] },
          ...more,
        },
      });
      await eventually(async () => expect(await tests.statusOf(String(id))).toBe('ok'));
      const volume = String((await tests.api().got(`disks/${id}`))['image_id']);
      const { pool } = tests.host;
      return { id: String(id), name, file: join(pool.path, pool.storagedomainID, 'images', String(id), volume) };
    },
    statusOf: async (id) => (await tests.api().got(`disks/${id}`))['status'] as unknown,
    legalityOf: async (file) => /LEGALITY=(\w+)/.exec(await readFile(`${file}.meta`, 'utf8'))?.[1] ?? '',
    async begin(id, more = {}) {
      const { id: transfer, phase } = await tests.api().got('imagetransfers', { body: { disk: { id }, ...more } });
      expect(['initializing', 'transferring']).toContain(phase);
      return String(transfer);
    },
    async transferring(id, more = {}) {
      const transfer = await tests.begin(id, more);
      await tests.inPhase(transfer, 'transferring');
      return { ...(await tests.api().got(`imagetransfers/${transfer}`)), id: transfer };
    },
    phaseOf: async (id) => (await tests.api().got(`imagetransfers/${id}`))['phase'] as unknown,
    inPhase: (id, phase) => eventually(async () => expect(await tests.phaseOf(id)).toBe(phase)),
    act: (id, action) => tests.api().got(`imagetransfers/${id}/${action}`, { method: 'POST', body: {} }),
    tickets: (transfer) =>
      Promise.all(
        [tests.host.daemon, tests.host.proxy].map(async (one) => (await one.control('GET', `/tickets/${ticketOf(transfer)}`)).status),
      ),
    async codesOf(name) {
      const events = await tests.host.postgres.query<{ code: number }>(
        'select log_type as code from audit_log where message like $1 and log_type between 1031 and 1099 order by audit_log_id',
        [`%${name}%`],
      );
      return events.map(({ code }) => code);
    },
    async curl(...args) {
      const { stdout } = await execa('curl', [
        ...[
          '--silent',
          '--show-error',
          '--cacert',
          tests.host.imagePki.path('ca.pem'),
          '--write-out',
          '\n%{http_code}',
          '--max-time',
          '30',
        ],
        ...args,
      ]);
      const lines = stdout.split('\n');
      return { status: Number(lines.at(-1)), output: lines.slice(0, -1).join('\n') };
    },
  };
  return tests;
}
