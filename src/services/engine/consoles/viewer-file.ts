import type { Display } from './display.ts';

/** What a viewer is told besides where the display is. */
export interface ViewerFile {
  readonly machine: { readonly id: string; readonly name: string };
  readonly display: Display;
  readonly password: string;
  /** How long the password may be used, in seconds. */
  readonly validSeconds: number;
  /** The subject of the host's certificate: `O=Example,CN=host1.example.com`. */
  readonly hostSubject: string;
  /** The authority that issued the certificates of hosts, in PEM. */
  readonly authority: string;
  /** The engine, for what the viewer does with the machine itself. */
  readonly engine: {
    /** `engine.example.com:443` */
    readonly address: string;
    readonly token: string;
    readonly administrator: boolean;
    /** Who vouches for it, in PEM; null where every system knows that. */
    readonly authority: string | null;
  };
}

export const viewerFileType = 'application/x-virt-viewer';

/** Channels of SPICE that have to be encrypted: all of them. */
const secureChannels = ['main', 'inputs', 'cursor', 'playback', 'record', 'display', 'smartcard', 'usbredir'];

/** A value as key files of GLib have it: one line, whatever is in it. */
const escaped = (value: string): string =>
  value
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t')
    .replace(/^ /, '\\s')
    // Nothing else that ends a line anywhere, and nothing that is not seen.
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '');

type Entry = readonly [key: string, value: string | number | null];

const section = (name: string, entries: readonly Entry[]): readonly string[] => [
  `[${name}]`,
  ...entries.flatMap(([key, value]) => (value === null ? [] : [key === '#' ? `# ${value}` : `${key}=${escaped(String(value))}`])),
];

/**
 * The file that virt-viewer opens a display with (`application/x-virt-viewer`). It holds the password and a token of the engine, so it must
 * not be kept anywhere; the viewer deletes it.
 */
export function viewerFile({ machine, display, password, validSeconds, hostSubject, authority, engine }: ViewerFile): string {
  const isSpice = display.type === 'spice';
  const tls = isSpice && display.tlsPort !== null;
  const entries: readonly Entry[] = [
    ['type', display.type],
    ['host', display.address],
    // A VNC display says by itself that it wants TLS.
    ['port', display.port ?? (isSpice ? -1 : display.tlsPort)],
    ['password', password],
    ['#', `Password is valid for ${validSeconds} seconds.`],
    ['delete-this-file', 1],
    ['fullscreen', 0],
    ['title', `${machine.name}:%d`],
    ['toggle-fullscreen', 'shift+f11'],
    ['release-cursor', 'shift+f12'],
    ['secure-attention', 'ctrl+alt+end'],
    ['tls-port', tls ? display.tlsPort : null],
    ['enable-smartcard', isSpice ? 0 : null],
    ['enable-usb-autoshare', isSpice ? 1 : null],
    ['tls-ciphers', tls ? 'DEFAULT' : null],
    ['host-subject', tls ? hostSubject : null],
    ['ca', tls ? authority : null],
    ['secure-channels', tls ? secureChannels.map((channel) => `${channel};`).join('') : null],
    ['username', isSpice ? null : `vnc-${machine.id}`],
  ];
  const ofEngine: readonly Entry[] = [
    ['host', engine.address],
    ['vm-guid', machine.id],
    ['sso-token', engine.token],
    ['admin', engine.administrator ? 1 : 0],
    ['ca', engine.authority],
  ];
  return [...section('virt-viewer', entries), '', ...section('ovirt', ofEngine), ''].join('\n');
}
