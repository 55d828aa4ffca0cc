import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Event, severityName } from '../../../../src/services/notifier/event.ts';
import { isMailAddress } from '../../../../src/services/notifier/mail.ts';
import { htmlBody, mailSubject, plainBody } from '../../../../src/services/notifier/mail-text.ts';
import { trapOid, trapValues } from '../../../../src/services/notifier/trap.ts';

const event: Event = {
  id: '42',
  name: 'VDS_FAILURE',
  code: 12,
  severity: 2,
  message: 'Host <one> does not answer & is lost',
  time: new Date('2026-11-24T23:20:45Z'),
  resolves: false,
  about: { vds: { id: '00000000-0000-0000-0000-00000000000a', name: 'one' }, user: { id: null, name: '' } },
};

describe('a mail', () => {
  it('says what, when, how bad and about whom', () => {
    expect(mailSubject(event, 'engine.example.com')).toBe('alertMessage (engine.example.com), [Host <one> does not answer & is lost]');
    expect(mailSubject({ ...event, resolves: true }, 'e')).toMatch(/^resolveMessage \(e\)/);
    expect(plainBody(event)).toBe(
      'Time: 2026-11-24T23:20:45.000Z\nMessage: Host <one> does not answer & is lost\nSeverity: ERROR\nHost Name: one\n',
    );
    expect(htmlBody(event)).toContain('<b>Message:</b> Host &lt;one&gt; does not answer &amp; is lost<br>\n');
  });

  it('has a subject of one line, whatever the message is', () => {
    fc.assert(fc.property(fc.string(), (message) => !/[\r\n\0\u2028]/.test(mailSubject({ ...event, message }, 'e'))));
    expect(mailSubject({ ...event, message: 'a\r\nBcc: b@c' }, 'e')).toContain('[a Bcc: b@c]');
  });

  it('has no line that the message has made up', () => {
    expect(plainBody({ ...event, message: 'a\nSeverity: NORMAL' }).split('\n')[1]).toBe('Message: a Severity: NORMAL');
  });

  it.each(['a@b', 'first.last+tag@example.com', 'ü@müller.example'])('can go to %s', (address) =>
    expect(isMailAddress(address)).toBe(true),
  );
  it.each(['', 'a', '@', 'a@', 'a@b@c', 'a@b,c@d', 'a b@c', '<a@b>', 'a@b\r\nX: y', `${'a'.repeat(300)}@b`])('cannot go to %j', (address) =>
    expect(isMailAddress(address)).toBe(false),
  );
});

describe('a trap', () => {
  it('says the same under the numbers of the MIB', () => {
    expect(trapOid('1.3.6')).toBe('1.3.6.0.1');
    expect(trapValues(event, '1.3.6')).toEqual([
      { oid: '1.3.6.2.1.1', value: '42' },
      { oid: '1.3.6.2.1.2', value: 'VDS_FAILURE' },
      { oid: '1.3.6.2.1.3', value: 12 },
      { oid: '1.3.6.2.1.4', value: 2 },
      { oid: '1.3.6.2.1.5', value: 'Host <one> does not answer & is lost' },
      { oid: '1.3.6.2.1.6', value: 0 },
      { oid: '1.3.6.2.1.7', value: '2026-11-24T23:20Z' },
      { oid: '1.3.6.2.1.104', value: 'one' },
      { oid: '1.3.6.2.1.105', value: '00000000-0000-0000-0000-00000000000a' },
    ]);
  });

  it('fits into a datagram', () => {
    const text = trapValues({ ...event, message: '😀'.repeat(40_000) }, '1.3.6')[4]?.value as string;
    expect(Buffer.byteLength(text)).toBeLessThan(4_096);
    expect(text.isWellFormed()).toBe(true);
  });
});

it('severities have names, also those that nobody knows', () => {
  expect([-1, 0, 1, 2, 5, 10, 99].map(severityName)).toEqual(['NORMAL', 'NORMAL', 'WARNING', 'ERROR', 'ERROR', 'ALERT', 'ALERT']);
});
