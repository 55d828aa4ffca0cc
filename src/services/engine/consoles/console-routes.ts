import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance } from 'fastify';
import Handlebars from 'handlebars';
import { nameInUrls } from '../host-names.ts';
import { one, queryOf } from '../http/fields.ts';
import { badRequest } from '../http/refusal.ts';
import { behindWebServer } from './proxy-address.ts';

const services = '/ovirt-engine/services';
const page = fileURLToPath(new URL('page/', import.meta.url));
/** The page that shows consoles. */
export const consoleTemplate = join(page, 'console.hbs');
/** Its folder, through the one module that the package exports. */
const library = dirname(dirname(fileURLToPath(import.meta.resolve('@novnc/novnc'))));

const mediaTypes: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
};
const mediaTypeOf = (file: string): string => mediaTypes[file.slice(file.lastIndexOf('.') + 1)] ?? 'application/octet-stream';

/**
 * The page on which a browser shows a console, and what it is made of: its own files and the noVNC library. Each file has
 * its own route, so no part of an address ever becomes a path on disk.
 * @param hostNames under which the proxy of this host may be named: a link must not show displays of strangers under our address
 * @param behindProxy whether a web server in front leads to the WebSocket proxy, too
 */
export async function consoleRoutes(app: FastifyInstance, hostNames: readonly string[], behindProxy: boolean): Promise<void> {
  const template = Handlebars.compile(await readFile(consoleTemplate, 'utf8'));
  const html = template({ proxyPath: behindProxy ? behindWebServer : null });
  for (const url of [`${services}/novnc-main.jsp`, `${services}/novnc-main`]) {
    app.get(url, { config: { access: 'public' } }, async (request, reply) => {
      const query = queryOf(request);
      const host = one(query, 'host');
      if (host !== null && !hostNames.includes(nameInUrls(host))) {
        throw badRequest('The proxy for consoles is reached by a name or an address of this host, and by no other.');
      }
      const policy = contentPolicy(proxySource(host, one(query, 'port'), behindProxy));
      return reply.headers({ 'content-type': mediaTypeOf('.html'), 'content-security-policy': policy }).send(html);
    });
  }
  const files = [
    ...['console.css', 'console.js'].map((name) => ({ url: `${services}/files/console/${name}`, path: join(page, name) })),
    ...(await libraryFiles()).map((path) => ({ url: `${services}/files/novnc/${relative(library, path)}`, path })),
  ];
  for (const { url, path } of files) {
    app.get(url, { config: { access: 'public' } }, async (_request, reply) =>
      reply.headers({ 'content-type': mediaTypeOf(path), 'cache-control': 'public, max-age=3600' }).send(await readFile(path)),
    );
  }
}

async function libraryFiles(): Promise<readonly string[]> {
  const folders = await Promise.all(
    ['core', 'vendor'].map((folder) => readdir(join(library, folder), { recursive: true, withFileTypes: true })),
  );
  return folders.flat().flatMap((entry) => (entry.isFile() && entry.name.endsWith('.js') ? [join(entry.parentPath, entry.name)] : []));
}

/** The page runs scripts of ours and connects to one proxy; the pictures are those that displays send. */
export const contentPolicy = (proxy: string): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    `connect-src ${proxy}`,
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');

/** The proxy as a policy names it. An IPv6 address cannot stand there, and without a host it would have to be the one that the browser has used. */
function proxySource(host: string | null, port: string | null, behindProxy: boolean): string {
  if (port !== null && !/^\d{1,5}$/.test(port)) throw badRequest('The port is not a number.');
  if (behindProxy && host === null && port === null) return "'self'";
  return `wss://${host === null || host.includes(':') ? '*' : host}:${port ?? '6100'}`;
}
