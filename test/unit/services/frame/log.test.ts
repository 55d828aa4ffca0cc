import { describe, expect, it } from 'vitest';
import { createLog, errorFields, type Log } from '../../../../src/services/frame/log.ts';
import { createMask } from '../../../../src/services/frame/mask.ts';

function recorder(...secrets: string[]): { log: Log; lines: string[] } {
  const lines: string[] = [];
  const mask = createMask();
  for (const secret of secrets) mask.hide(secret);
  return { log: createLog({ write: (line) => void lines.push(line), now: () => new Date(0), mask }), lines };
}

describe('the log', () => {
  it('writes one line of JSON per event', () => {
    const { log, lines } = recorder();
    log.warning('disk is full', { percent: 99, path: '/var', ok: false, nothing: null });
    expect(lines).toEqual([
      '{"time":"1970-01-01T00:00:00.000Z","level":"warning","message":"disk is full","percent":99,"path":"/var","ok":false,"nothing":null}\n',
    ]);
  });

  it('lets no text begin a line of its own or steer a terminal', () => {
    const { log, lines } = recorder();
    log.info('a\nb', { user: 'x\r\n{"level":"error"}\u2028\u0085\u001b[2J\u009b\u202e\u007f' });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^[\x20-\x7e]*\n$/);
    expect(JSON.parse(lines[0]!)).toMatchObject({ message: 'a\nb', level: 'info' });
  });

  it('lets no field replace time, level or message', () => {
    const { log, lines } = recorder();
    log.info('true message', { level: 'error', message: 'false', time: 'never' });
    expect(JSON.parse(lines[0]!)).toEqual({ time: '1970-01-01T00:00:00.000Z', level: 'info', message: 'true message' });
  });

  it('masks secrets as they stand, URL-encoded and quoted', () => {
    const secret = 'p w/"ä"&\\';
    const { log, lines } = recorder(secret, '', 'p w/"ä"&\\-and-more');
    log.info(`plain ${secret}`, {
      percent: encodeURIComponent(secret),
      lower: encodeURIComponent(secret).toLowerCase(),
      form: new URLSearchParams({ password: secret }).toString(),
      quoted: JSON.stringify({ password: secret }),
      longer: `${secret}-and-more`,
    });
    expect(JSON.parse(lines[0]!)).toMatchObject({
      message: 'plain ********',
      percent: '********',
      lower: '********',
      form: 'password=********',
      quoted: '{"password":"********"}',
      longer: '********',
    });
  });

  it('describes whatever was thrown', () => {
    expect(errorFields('text')).toEqual({ error: 'text' });
    expect(errorFields(new AggregateError([new Error('one'), new Error('two')], ''))).toMatchObject({ error: 'one, two' });
    expect(errorFields(new Error('broken'))).toMatchObject({ error: 'broken', stack: expect.stringContaining('broken') });
  });
});
