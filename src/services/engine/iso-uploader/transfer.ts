import { createReadStream } from 'node:fs';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { isUuid } from '../../frame/uuid.ts';
import { Problem } from '../tool.ts';
import { trusting } from './rest.ts';
import type { Json, Rest } from './rest.ts';
import { counting, type Source } from './source.ts';
import { listOf, objectOf, textOf } from './json.ts';

export interface Transfer {
  readonly rest: Rest;
  /** The storage domain for data. */
  readonly domain: string;
  readonly source: Source;
  readonly force: boolean;
  /** Who vouches for the engine and its hosts, in PEM; null where nobody has to. */
  readonly authority: string | null;
  /** Told how many bytes were sent so far. */
  readonly passed: (bytes: number) => void;
}

const lookEveryMs = 500;
/** How long the engine may take for each thing before and after the bytes. */
const stageMs = 300_000;
const probeMs = 5_000;
/** Between two bytes. */
const silenceMs = 120_000;

/** Uploads a file to a domain for data: as a disk that holds an ISO file. Throws a Problem; nothing of the file is left behind then. */
export async function transfer({ rest, domain, source, force, authority, passed }: Transfer): Promise<void> {
  const former = await disksNamed(rest, domain, source.name);
  if (former.length > 0 && !force) throw new Problem(`${source.name} is there already. --force replaces it.`);
  const disk = idOf(
    await rest('disks', {
      method: 'POST',
      body: {
        ...{ name: source.name, format: 'raw', content_type: 'iso', provisioned_size: String(Math.ceil(source.size / 512) * 512) },
        storage_domains: { storage_domain: [{ id: domain }] },
      },
    }),
  );
  let path: string | null = null;
  try {
    await until(rest, `disks/${disk}`, ({ status }) => (status === 'locked' ? 'wait' : status === 'ok'), 'The disk could not be made');
    path = `imagetransfers/${idOf(await rest('imagetransfers', { method: 'POST', body: { disk: { id: disk }, direction: 'upload', format: 'raw' } }))}`;
    const open = await until(
      rest,
      path,
      ({ phase }) => (phase === 'initializing' ? 'wait' : phase === 'transferring'),
      'The transfer could not begin',
    );
    await send(await reachable([textOf(open['transfer_url']), textOf(open['proxy_url'])], authority), source, authority, passed);
    await rest(`${path}/finalize`, { method: 'POST', body: {} });
    await until(
      rest,
      path,
      ({ phase }) => (textOf(phase).startsWith('finished_') ? phase === 'finished_success' : 'wait'),
      `${source.name} was not taken by the engine, whose events say why`,
    );
  } catch (error) {
    // A transfer that is called off takes its disk along; where it is over or has not begun, the disk is ours to remove.
    if (path !== null) await rest(`${path}/cancel`, { method: 'POST', body: {} }).catch(() => undefined);
    await rest(`disks/${disk}`, { method: 'DELETE' }).catch(() => undefined);
    throw error;
  }
  for (const id of former) await rest(`disks/${id}`, { method: 'DELETE' });
}

/** Disks of a name on a domain that hold an ISO file. */
async function disksNamed(rest: Rest, domain: string, name: string): Promise<readonly string[]> {
  return listOf((await rest(`storagedomains/${domain}/disks`))['disk'])
    .filter((disk) => disk['content_type'] === 'iso' && (disk['alias'] ?? disk['name']) === name)
    .map((disk) => textOf(disk['id']))
    .filter(isUuid);
}

function idOf(entity: Json): string {
  const id = textOf(entity['id']);
  if (!isUuid(id)) throw new Problem('The engine does not answer as it should.');
  return id;
}

/** Looks at something until it is as wanted. Throws a Problem where it never will be, or not in time. */
async function until(rest: Rest, path: string, wanted: (entity: Json) => boolean | 'wait', flaw: string): Promise<Json> {
  for (const end = performance.now() + stageMs; performance.now() < end; await sleep(lookEveryMs)) {
    const entity = objectOf(await rest(path));
    const is = wanted(entity);
    if (is === true) return entity;
    if (is === false) throw new Problem(`${flaw}.`);
  }
  throw new Problem(`${flaw} within ${stageMs / 1_000} seconds.`);
}

/** The first of some addresses where somebody answers: the host itself, or the proxy beside the engine. Throws a Problem. */
async function reachable(urls: readonly string[], authority: string | null): Promise<string> {
  const reasons: string[] = [];
  for (const url of urls.filter((one) => one.startsWith('https://'))) {
    try {
      await ask(url, { method: 'OPTIONS', timeout: probeMs }, authority);
      return url;
    } catch (error) {
      reasons.push(`${new URL(url).host}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new Problem(`Nobody takes the file (${reasons.join('; ') || 'the engine names no address'}).`);
}

async function send(url: string, source: Source, authority: string | null, passed: (bytes: number) => void): Promise<void> {
  const status = await ask(
    url,
    { method: 'PUT', timeout: silenceMs, headers: { 'content-length': source.size, 'content-type': 'application/octet-stream' } },
    authority,
    (body) => pipeline(createReadStream(source.path), counting(passed), body),
  ).catch((error: unknown) => {
    throw new Problem(`${source.name} has not arrived as a whole (${error instanceof Error ? error.message : String(error)}).`);
  });
  if (status !== 200) throw new Problem(`${source.name} was refused by ${new URL(url).host} (${status}).`);
}

/** Asks, and returns the status of the answer. */
function ask(
  url: string,
  options: RequestOptions,
  authority: string | null,
  write: (body: NodeJS.WritableStream) => Promise<void> = async (body) => void body.end(),
): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(url, { ...trusting(authority), ...options, agent: false }, (response) => {
      response.resume().on('error', reject);
      response.on('end', () => resolve(response.statusCode ?? 0));
    });
    request.on('timeout', () => request.destroy(new Error('no answer in time')));
    request.on('error', reject);
    write(request).catch(reject);
  });
}
