import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { storagePart } from '../../src/services/host-agent/storage/storage.ts';
import { readParams, VerbFailure } from '../../src/services/host-agent/verbs.ts';
import { loadConfig } from '../../src/services/frame/config.ts';
import { listenLocally } from '../../src/services/frame/local-socket.ts';
import { createLog } from '../../src/services/frame/log.ts';
import { createMask } from '../../src/services/frame/mask.ts';

/*
 * Runs the part of the agent that looks after storage by itself, as the agent's account on a test host: `POST /VERB` with parameters as JSON at a unix
 * socket is answered with `{"result":..}` or `{"code":..,"message":..}`. Arguments: the socket, and a file with settings.
 */

const [socket = '', configuration = ''] = process.argv.slice(2);
const defaults = fileURLToPath(new URL('../../src/services/host-agent/defaults.conf', import.meta.url));
const log = createLog({ write: (line) => process.stdout.write(line), now: () => new Date(), mask: createMask() });
const part = storagePart({ config: await loadConfig(configuration, defaults), log, now: Date.now, clock: () => performance.now() });
await part.start?.();

const server = createServer((request, response) => {
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => pieces.push(piece));
  request.on('end', () => {
    const answer = async (): Promise<unknown> => {
      const verb = part.verbs[(request.url ?? '').slice(1)];
      if (verb === undefined) throw new Error(`there is no verb ${request.url ?? ''}`);
      const params = readParams(JSON.parse(Buffer.concat(pieces).toString() || '{}'));
      return (await verb(params, { flowId: undefined, signal: new AbortController().signal, localAddress: undefined })) ?? true;
    };
    answer().then(
      (result) => response.end(JSON.stringify({ result })),
      (error: unknown) => {
        const code = error instanceof VerbFailure ? error.code : -1;
        response.end(JSON.stringify({ code, message: error instanceof Error ? `${error.message} ${String(error.cause)}` : String(error) }));
      },
    );
  });
});
const listening = await listenLocally(server, socket, 0o600);
process.on('SIGTERM', () => {
  void (async () => {
    await part.stop?.();
    await listening.close();
    process.exit(0);
  })();
});
