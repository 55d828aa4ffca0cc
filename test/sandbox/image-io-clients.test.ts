import { stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, expect, test } from 'vitest';
import { type ImageService, json, said, startImageService, useImageService } from '../support/image-io.ts';
import type { TestPki } from '../support/pki.ts';

/* Who the image service lets in, from where, and to what. */

const tests = useImageService({ REMOVE_TIMEOUT: '2' });
const { image } = tests;
let pki: TestPki;
beforeAll(() => void ({ pki } = tests));

test('images lie in the folders that are named, wherever links lead', async () => {
  const narrow = await startImageService(pki, { IMAGE_FOLDERS: join(pki.folder, 'nowhere') });
  try {
    const path = await image(Buffer.from('secret'));
    expect(said(await narrow.ask(`/images/${await narrow.ticket({ url: `file://${path}`, size: 6 })}`))).toBe(
      '403 the image lies outside of the folders for images',
    );
  } finally {
    await narrow.end();
  }
});

test('a link in place of an image is not followed', async () => {
  const { daemon } = tests;
  const path = await image(Buffer.from('secret'));
  await symlink(path, `${path}.link`);
  for (const ops of [['read'], ['write']])
    expect(said(await daemon.ask(`/images/${await daemon.ticket({ url: `file://${path}.link`, size: 6, ops })}`))).toBe(
      '500 the image cannot be opened',
    );
});

test('clients on this machine may come by a socket, without TLS and with a ticket', async () => {
  const name = `/engine-setup-test/${process.pid}`;
  const local = await startImageService(pki, { LOCAL_SOCKET: `@${name}` });
  try {
    const path = await image(Buffer.from('content'));
    const id = await local.ticket({ url: `file://${path}`, size: 7 });
    expect(json(await local.ask(`/images/${id}`, { method: 'OPTIONS' }))).toMatchObject({ unix_socket: `\0${name}` });
    const { stdout } = await execa('curl', ['--silent', '--abstract-unix-socket', name, `http://localhost/images/${id}`]);
    expect(stdout).toBe('content');
  } finally {
    await local.end();
  }
});

test('a socket of theirs in the file system replaces one that a killed service has left, and goes with the service', async () => {
  const socket = join(pki.folder, 'clients.sock');
  const killed = await startImageService(pki, { LOCAL_SOCKET: socket });
  await killed.end('SIGKILL');
  expect((await stat(socket)).isSocket()).toBe(true);
  const local = await startImageService(pki, { LOCAL_SOCKET: socket });
  const { stdout } = await execa('curl', ['--silent', '--unix-socket', socket, 'http://localhost/info/']);
  expect(JSON.parse(stdout)).toHaveProperty('version');
  expect(await local.end()).toBe(0);
  await expect(stat(socket)).rejects.toThrow('ENOENT');
});

test('a client without a certificate is turned away where all must have one, and one with a foreign one always', async () => {
  const strict = await startImageService(pki, { CLIENT_CA: pki.path('ca.pem'), CLIENT_CERTIFICATE_REQUIRED: 'True' });
  const lenient = await startImageService(pki, { CLIENT_CA: pki.path('ca.pem') });
  const as = async (service: ImageService, name: string | null): Promise<string> => {
    const own = name === null ? [] : ['--cert', pki.path(`${name}.pem`), '--key', pki.path(`${name}.key`)];
    const { stdout } = await execa(
      'curl',
      ['--silent', '--cacert', pki.path('ca.pem'), ...own, '--write-out', '%{http_code}', '--output', '/dev/null', service.url('/info/')],
      {
        reject: false,
      },
    );
    return stdout;
  };
  try {
    expect([await as(strict, null), await as(strict, 'engine'), await as(strict, 'stranger')]).toEqual(['000', '200', '000']);
    expect([await as(lenient, null), await as(lenient, 'engine'), await as(lenient, 'stranger')]).toEqual(['200', '200', '000']);
  } finally {
    await strict.end();
    await lenient.end();
  }
});
