import { connect } from 'node:net';
import { findAccount } from '../accounts.ts';

/*
 * A small process that opens unix sockets in the name of another account and hands them back: a server that asks the kernel who is at the
 * other end (PostgreSQL's `peer`) sees that account. It has read its own program before it gives its rights away for good, so the account
 * needs no access to it.
 */

const account = await findAccount([process.argv[2] ?? '']);
// There is nobody to open anything for; whoever asks sees that.
if (account === undefined) process.exit(1);
process.setgroups?.([]);
process.setgid?.(account.gid);
process.setuid?.(account.uid);

process.on('message', (path: string) => {
  const socket = connect(path);
  socket.pause();
  const answer = (message: { readonly code?: string }, handle?: typeof socket): void => void process.send?.(message, handle);
  socket.once('connect', () => answer({}, socket));
  socket.once('error', ({ code = 'EIO' }: NodeJS.ErrnoException) => answer({ code }));
});
// Whoever asks is gone.
process.on('disconnect', () => process.exit(0));
process.send?.({});
