import { describe, expect, it } from 'vitest';
import type { Display } from '../../../../../src/services/engine/consoles/display.ts';
import { viewerFile } from '../../../../../src/services/engine/consoles/viewer-file.ts';

const spice: Display = { type: 'spice', address: '192.0.2.1', port: 5900, tlsPort: 5901, tlsName: 'host1.example.com' };
const file = (name = 'web', display: Display = spice, authority: string | null = 'ENGINE\nCA\n'): string =>
  viewerFile({
    machine: { id: '7c1f2a33-0b1d-4f3e-9a52-1d0e1c2b3a4f', name },
    ...{ display, password: 'Canary+8', validSeconds: 120, hostSubject: 'O=Example,CN=host1.example.com', authority: '-----A\nB\n' },
    engine: { address: 'engine.example.com:443', token: 'token-1', administrator: true, authority },
  });

describe('the file of a viewer', () => {
  it('has for SPICE what it has with engines before ours', () => {
    expect(file()).toBe(`[virt-viewer]
type=spice
host=192.0.2.1
port=5900
password=Canary+8
# Password is valid for 120 seconds.
delete-this-file=1
fullscreen=0
title=web:%d
toggle-fullscreen=shift+f11
release-cursor=shift+f12
secure-attention=ctrl+alt+end
tls-port=5901
enable-smartcard=0
enable-usb-autoshare=1
tls-ciphers=DEFAULT
host-subject=O=Example,CN=host1.example.com
ca=-----A\\nB\\n
secure-channels=main;inputs;cursor;playback;record;display;smartcard;usbredir;

[ovirt]
host=engine.example.com:443
vm-guid=7c1f2a33-0b1d-4f3e-9a52-1d0e1c2b3a4f
sso-token=token-1
admin=1
ca=ENGINE\\nCA\\n
`);
  });

  it('has for VNC one port, with TLS or without, and the name of its user', () => {
    for (const ports of [
      { port: null, tlsPort: 5902 },
      { port: 5902, tlsPort: null },
    ]) {
      const lines = file('web', { ...spice, type: 'vnc', ...ports }).split('\n');
      expect(lines).toContain('port=5902');
      expect(lines).toContain('username=vnc-7c1f2a33-0b1d-4f3e-9a52-1d0e1c2b3a4f');
      expect(lines.filter((line) => /^(tls-|secure-channels|host-subject)/.test(line))).toEqual([]);
    }
  });

  it('tells of SPICE that is reached with TLS alone, and without', () => {
    expect(file('web', { ...spice, port: null }).split('\n')).toEqual(expect.arrayContaining(['port=-1', 'tls-port=5901']));
    expect(file('web', { ...spice, tlsPort: null })).not.toMatch(/tls|secure-channels|-----A/);
  });

  it('names no authority of the engine where every system knows it', () => {
    expect(file('web', spice, null).split('[ovirt]')[1]).not.toContain('ca=');
  });

  it.each([
    ['a key of its own', 'web\npassword=mine\n[ovirt]\nhost=evil', 'title=web\\npassword=mine\\n[ovirt]\\nhost=evil:%d'],
    ['a line of another kind', 'web\rproxy=http://evil', 'title=web\\rproxy=http://evil:%d'],
    ['separators of Unicode', 'a\u2028proxy=b\u2029c\u0085d\0', 'title=aproxy=bcd:%d'],
    ['what turns around what is read', 'a\u202eb\u2066c', 'title=abc:%d'],
    ['backslashes', '\\n\\', 'title=\\\\n\\\\:%d'],
    ['a blank in front', ' web', 'title=\\sweb:%d'],
  ])('takes no line from a name with %s', (_what, name, title) => {
    const lines = file(name).split('\n');
    expect(lines).toContain(title);
    expect(lines).toHaveLength(file().split('\n').length);
  });
});
