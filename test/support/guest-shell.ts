import { connect } from 'node:net';

/**
 * Has the shell on the serial port of a guest carry out a script, and returns what it has said. Throws when the port is closed before it is done.
 * @param path the socket of the serial port
 */
export function inGuest(path: string, script: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let said = '';
    socket.on('data', (bytes: Buffer) => {
      said += bytes.toString();
      if (!said.includes('so it is done')) return;
      socket.destroy();
      resolve(said);
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`the serial port was closed:\n${said}`)));
    // What is typed is echoed: only what is said counts.
    socket.write(`${script}\necho so it is "done"\n`);
  });
}
