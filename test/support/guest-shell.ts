import { connect } from 'node:net';

/** What the shell says when it waits for a line. */
const prompt = /# $/;
const knockMs = 500;

/**
 * Has the shell on the serial port of a guest carry out a script, as soon as it is there, and returns what it has said. Throws when the port is closed
 * before it is done.
 * @param path the socket of the serial port
 */
export function inGuest(path: string, script: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let said = '';
    let isAsked = false;
    const knock = (): void => void socket.write('\n');
    const knocking = setInterval(knock, knockMs);
    socket.on('connect', knock);
    socket.on('data', (bytes: Buffer) => {
      said += bytes.toString();
      if (!isAsked && prompt.test(said)) {
        isAsked = true;
        clearInterval(knocking);
        // What is typed is echoed: only what is said counts.
        socket.write(`${script}\necho so it is "done"\n`);
      }
      if (!said.includes('so it is done')) return;
      socket.destroy();
      resolve(said);
    });
    socket.on('error', reject);
    socket.on('close', () => {
      clearInterval(knocking);
      reject(new Error(`the serial port was closed:\n${said}`));
    });
  });
}
