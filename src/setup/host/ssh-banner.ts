import { connect } from 'node:net';

/** Longest identification that RFC 4253 allows, and some lines that may stand before it. */
const maximum = 8 * 1024;

/** Whether an SSH server answers at a port: it says so by itself before anything is sent (RFC 4253, 4.2). Never throws. */
export function answersSsh({ host, port, timeoutMs }: { host: string; port: number; timeoutMs: number }): Promise<boolean> {
  return new Promise((resolve) => {
    let heard = '';
    const socket = connect({ host, port });
    const deadline = setTimeout(() => end(false), timeoutMs);
    function end(answers: boolean): void {
      clearTimeout(deadline);
      socket.destroy();
      resolve(answers);
    }
    socket.on('data', (chunk) => {
      heard += chunk.toString('latin1');
      if (/^SSH-2\.0-|^SSH-1\.99-/m.test(heard)) end(true);
      else if (heard.length > maximum) end(false);
    });
    for (const event of ['error', 'close'] as const) socket.once(event, () => end(false));
  });
}
