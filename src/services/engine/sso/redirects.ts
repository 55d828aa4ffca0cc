/** An address that is what it looks like: nothing in it is read in another way by somebody else. */
interface Address {
  readonly scheme: string;
  readonly host: string;
  readonly port: string;
  /** Path and query. */
  readonly rest: string;
}

const form = /^(https?):\/\/([a-z0-9.-]+|\[[0-9a-f:]+\])(?::(\d{1,5}))?(\/[^\s\\#?]*)(\?[^\s\\#]*)?$/i;

/**
 * Takes an absolute address apart, or returns null: for user names, fragments, backslashes, blanks, and dots that a browser
 * would resolve. Host names are in lower case, ports always there.
 */
function parse(text: string): Address | null {
  const match = form.exec(text);
  const url = URL.parse(text);
  if (match === null || url === null) return null;
  const [, scheme = '', , port, path = '', query = ''] = match;
  if (url.pathname !== path) return null;
  return { scheme: scheme.toLowerCase(), host: url.hostname, port: port ?? (/^https$/i.test(scheme) ? '443' : '80'), rest: path + query };
}

/**
 * Whether a client may be called back at an address: it has to be one of the registered ones, in scheme, host, port and path.
 * A registered address on any name of the engine holds for all of them, so people may use whichever name they came by.
 */
export function isRegistered(asked: string, registered: readonly string[], hostNames: readonly string[]): boolean {
  const address = parse(asked);
  if (address === null) return false;
  return registered.some((one) => {
    const allowed = parse(one);
    if (allowed === null) return false;
    const sameHost = allowed.host === address.host || (hostNames.includes(allowed.host) && hostNames.includes(address.host));
    return sameHost && allowed.scheme === address.scheme && Number(allowed.port) === Number(address.port) && allowed.rest === address.rest;
  });
}

/**
 * Whether an address is one of the engine itself: over TLS, under any of its names, and on the port of `beside`, an address that is
 * known to be right. On another port of the same host somebody else may listen.
 */
export function isOwn(text: string, hostNames: readonly string[], beside: string): boolean {
  const [address, known] = [parse(text), parse(beside)];
  return address?.scheme === 'https' && hostNames.includes(address.host) && Number(address.port) === Number(known?.port);
}

/** An address with parameters added to its query. The values may hold anything. */
export function withParameters(address: string, parameters: Readonly<Record<string, string | null>>): string {
  const url = new URL(address);
  for (const [name, value] of Object.entries(parameters)) if (value !== null) url.searchParams.append(name, value);
  return url.href;
}
