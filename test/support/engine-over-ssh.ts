import type { AddressInfo } from 'node:net';
import ssh2 from 'ssh2';
import { sshHostKeys } from '../../src/setup/host/ssh.ts';
import { run } from './trial.ts';

/**
 * A real SSH server on loopback where root gets in with a password, and `engine-setup` is that of an installation below a root.
 * @param commands takes down what was run
 */
export async function engineOverSsh(root: string, password: string, commands: string[]) {
  const server = new ssh2.Server({ hostKeys: [ssh2.utils.generateKeyPairSync('ed25519').private] }, (client) => {
    client.on('error', () => undefined);
    client.on('authentication', (context) => {
      if (context.method === 'password' && context.username === 'root' && context.password === password) context.accept();
      else context.reject(['password']);
    });
    client.on('session', (accept) =>
      accept().on('exec', (accepted, _rejected, { command }) => {
        const channel = accepted();
        const input: Buffer[] = [];
        channel.on('data', (chunk: Buffer) => input.push(chunk));
        channel.on('end', () => {
          commands.push(command);
          const [program, ...words] = command.split(' ');
          const ended =
            program === 'engine-setup'
              ? run([...words, `--root=${root}`], { input: Buffer.concat(input).toString() })
              : Promise.resolve({ code: 0, stdout: '0\n', stderr: '' });
          void ended.then(({ code, stdout, stderr }) => {
            channel.write(stdout);
            channel.stderr.write(stderr);
            channel.exit(code ?? 1);
            channel.end();
          });
        });
      }),
    );
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const [key] = await sshHostKeys({ host: '127.0.0.1', port, timeoutMs: 10_000 });
  return { port, fingerprint: key?.fingerprint ?? '', close: () => void server.close() };
}
