/** Where browsers find the WebSocket proxy. */
export interface ProxyAddress {
  /** What the ticket is put behind: `wss://proxy.example.com:6100/`, or a path of the engine's own web server. */
  readonly base: string;
  /** The same as a content security policy names it. */
  readonly source: string;
}

/** Where web servers that setup has configured lead to the proxy of their host. */
export const behindWebServer = '/ovirt-engine/websocket-proxy/';

/**
 * Reads the option WebSocketProxy: `Off`, `Engine:PORT`, `Host:PORT` (the host of the machine) or `NAME:PORT`. Null where there is no proxy.
 * @param engine how the engine is called: by the name of the request, and by all others
 * @param host where the machine runs
 */
export function readProxyAddress(
  option: string,
  engine: { readonly name: string; readonly names: readonly string[]; readonly behindProxy: boolean },
  host: string | null,
): ProxyAddress | null {
  const [, given = '', port = ''] = /^(\[[0-9a-f:]+\]|[\w.-]+):(\d{1,5})$/i.exec(option) ?? [];
  if (given === '') return null;
  const isEngine = given.toLowerCase() === 'engine' || engine.names.includes(given.toLowerCase());
  if (isEngine && engine.behindProxy) return { base: behindWebServer, source: "'self'" };
  const isHost = given.toLowerCase() === 'host';
  if (isHost && host === null) return { base: '', source: `wss://*:${port}` };
  const name = isHost ? bracketed(host ?? '') : given.toLowerCase() === 'engine' ? engine.name : given;
  // An IPv6 address cannot stand in a policy.
  return { base: `wss://${name}:${port}/`, source: isHost || name.startsWith('[') ? `wss://*:${port}` : `wss://${name}:${port}` };
}

const bracketed = (host: string): string => (host.includes(':') ? `[${host}]` : host);
