/* What the VM console proxy asks, in the payload of its envelopes: JSON, URL-encoded or not. */

/** A public key that somebody has shown to the proxy. */
export interface ShownKey {
  readonly type: string;
  readonly base64: string;
}

/** Whose key is it? */
export interface KeyQuestion {
  readonly command: 'public_keys';
  readonly key: ShownKey;
}

/** Which consoles may a user connect to? */
export interface ConsoleQuestion {
  readonly command: 'available_consoles';
  readonly userId: string;
}

/** May a user connect to this one, or stay connected? Or that the user has gone. */
export interface AccessQuestion {
  readonly command: 'console_access';
  readonly occasion: 'connect' | 'stay' | 'leave';
  readonly userId: string;
  readonly key: ShownKey;
  /** What the user named: the id of a virtual machine, or its name. */
  readonly vm: { readonly id: string } | { readonly name: string };
  /** The address that the user has come from. */
  readonly source: string;
}

export type ProxyRequest = KeyQuestion | ConsoleQuestion | AccessQuestion;

/** A payload that is no question. */
export class BadProxyRequest extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BadProxyRequest';
  }
}

type Fields = Readonly<Record<string, unknown>>;

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A text of a form. Throws BadProxyRequest. */
function text(fields: Fields, name: string, form: RegExp): string {
  const value = fields[name];
  if (typeof value !== 'string' || !form.test(value)) throw new BadProxyRequest(`${name} is missing or has a wrong form`);
  return value;
}

const keyIn = (fields: Fields): ShownKey => ({
  type: text(fields, 'key_type', /^[a-z0-9@.-]{1,60}$/),
  base64: text(fields, 'key_content', /^[A-Za-z0-9+/]{16,16000}={0,3}$/),
});

const vmIn = (fields: Fields): AccessQuestion['vm'] =>
  fields['vm_id'] === undefined ? { name: text(fields, 'vm_name', /^[^\p{Cc}]{1,255}$/u) } : { id: text(fields, 'vm_id', uuid) };

function occasionIn(fields: Fields): AccessQuestion['occasion'] {
  const occasion = text(fields, 'occasion', /^(?:connect|stay|leave)$/);
  return occasion as AccessQuestion['occasion'];
}

function fieldsIn(data: string): Fields {
  try {
    const parsed: unknown = JSON.parse(data.startsWith('{') ? data : decodeURIComponent(data));
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Fields;
  } catch {
    // The same as any other text.
  }
  throw new BadProxyRequest('the payload is no JSON object');
}

/** Reads a payload. Throws BadProxyRequest. */
export function readProxyRequest(data: string): ProxyRequest {
  const fields = fieldsIn(data);
  if (Number(fields['version']) !== 1) throw new BadProxyRequest('the version of the question is unknown');
  const { command } = fields;
  switch (command) {
    case 'public_keys':
      return { command, key: keyIn(fields) };
    case 'available_consoles':
      return { command, userId: text(fields, 'user_id', uuid) };
    case 'console_access':
      return {
        command,
        occasion: occasionIn(fields),
        userId: text(fields, 'user_id', uuid),
        key: keyIn(fields),
        vm: vmIn(fields),
        source: text(fields, 'source', /^[0-9A-Fa-f.:%a-z]{1,60}$/),
      };
    default:
      throw new BadProxyRequest('the command is unknown');
  }
}
