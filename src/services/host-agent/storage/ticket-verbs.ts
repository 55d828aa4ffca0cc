import type { Verbs } from '../verbs.ts';
import { failure } from './failures.ts';
import { askLocally } from '../../frame/local-request.ts';
import type { WholeAnswer } from '../../frame/whole-answer.ts';

/** Longer than the service waits for requests that are at work with a ticket that is removed. */
const timeoutMs = 90_000;

/**
 * Verbs about tickets for images, which the image service of this host keeps. A ticket is as good as a key, so none is logged.
 * @param socket where that service takes tickets
 */
export function ticketVerbs(socket: string): Verbs {
  const ask = (method: string, id: string, body?: unknown): Promise<WholeAnswer> =>
    askLocally(socket, method, `/tickets/${id}`, { body, timeoutMs }).catch((error: unknown) => {
      throw failure('ticket not put', 'The image service of this host does not answer: is it running?', error);
    });
  const refused = ({ status, body }: WholeAnswer, what: Parameters<typeof failure>[0]): never => {
    throw failure(status === 404 ? 'ticket unknown' : what, `The image service refused: ${body.trim() || String(status)}`);
  };
  return {
    'Host.add_image_ticket': async (params) => {
      const ticket = params.object('ticket');
      const answer = await ask('PUT', ticket.uuid('uuid'), params.raw('ticket'));
      if (answer.status !== 200) refused(answer, 'ticket not put');
    },
    'Host.get_image_ticket': async (params) => {
      const answer = await ask('GET', params.uuid('uuid'));
      return answer.status === 200 ? (JSON.parse(answer.body) as unknown) : refused(answer, 'ticket unknown');
    },
    'Host.extend_image_ticket': async (params) => {
      const answer = await ask('PATCH', params.uuid('uuid'), { timeout: params.number('timeout') });
      if (answer.status !== 200) refused(answer, 'ticket not extended');
    },
    'Host.remove_image_ticket': async (params) => {
      const answer = await ask('DELETE', params.uuid('uuid'));
      if (answer.status !== 204) refused(answer, 'ticket not removed');
    },
  };
}
