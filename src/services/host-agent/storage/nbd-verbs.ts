import type { Turns } from '../../frame/turns.ts';
import type { Verbs } from '../verbs.ts';
import type { Domains } from './domains.ts';
import { failure } from './failures.ts';
import type { NbdServers } from './nbd-servers.ts';
import type { QemuImg } from './qemu-img.ts';
import { chainOf, imageKey, verifyHeader, withVolumes } from './volumes.ts';

/** Who stops a server that is being started waits for it: otherwise it would be there afterwards, and nobody would stop it. */
const serverKey = (id: string): string => `nbd ${id}`;

/** Verbs that show what is in volumes to the image service of this host, whatever format they have. */
export function nbdVerbs({
  domains,
  servers,
  qemuImg,
  turns,
}: {
  readonly domains: Domains;
  readonly servers: NbdServers;
  readonly qemuImg: QemuImg;
  readonly turns: Turns;
}): Verbs {
  return {
    'NBD.start_server': async (params) => {
      const id = params.uuid('server_id');
      const config = params.object('config');
      return turns.take([serverKey(id)], async () => {
        const place = { domain: await domains.find(config.uuid('sd_id')), image: config.uuid('img_id'), volume: config.uuid('vol_id') };
        // One after the other with what tasks do to the image.
        return turns.take([imageKey(place)], async () => {
          const chain = await chainOf(place);
          const isReadOnly = config.optionalFlag('readonly') ?? false;
          if (!isReadOnly && chain[0]?.metadata.role !== 'LEAF')
            throw failure('volume', `Others stand on volume ${place.volume}, so it can only be read`);
          for (const [at, each] of chain.entries()) await verifyHeader(each, each.metadata, chain[at + 1] ?? null, qemuImg);
          const volume = `${place.domain.root}/images/${place.image}/${place.volume}`;
          const discards = config.optionalFlag('discard') ?? false;
          const socket = await withVolumes(chain, (images) => servers.start(id, images, { volume, isReadOnly, discards }));
          return `nbd:unix:${socket}`;
        });
      });
    },
    'NBD.stop_server': async (params) => {
      const id = params.uuid('server_id');
      await turns.take([serverKey(id)], () => servers.stop(id));
    },
  };
}
