import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { severities } from '../../../../src/services/notifier/event.ts';
import { audience, FilterError, keyOf, parseFilter } from '../../../../src/services/notifier/filter.ts';

const [normal, warning, error, alert] = Object.values(severities);
const told = (filter: string, name: string, severity = normal!): string[] => audience(parseFilter(filter), { name, severity }).map(keyOf);

describe('a filter', () => {
  it('is a list of rules with blanks between them, or none', () => {
    expect(parseFilter(' include:A(smtp:a@b)  exclude:*:WARNING include:*(*) exclude:B ')).toEqual([
      { include: true, event: 'A', severity: null, recipient: { transport: 'smtp', address: 'a@b' } },
      { include: false, event: null, severity: warning, recipient: null },
      { include: true, event: null, severity: null, recipient: null },
      { include: false, event: 'B', severity: null, recipient: null },
    ]);
    expect(parseFilter('  ')).toEqual([]);
    expect(parseFilter('include:A(snmp:)')).toMatchObject([{ recipient: { transport: 'snmp', address: '' } }]);
  });

  it.each([
    'includes:A',
    'include A',
    'include:',
    'include:A(smtp)',
    'include:A(smtp:a@b',
    'include:*:FATAL',
    'include:*:ERRORS',
    'exclude:* and more',
    'include:A-B',
  ])('is not %j', (text) => expect(() => parseFilter(text)).toThrow(FilterError));

  it('that cannot be read is told from where on', () => {
    expect(() => parseFilter('exclude:A  nonsense here')).toThrow('"nonsense here"');
  });

  it('can be anything without doing harm', () => {
    const word = fc.constantFrom('include', 'exclude', ':', '*', 'A', 'ERROR', '(', ')', 'smtp:', ' ', 'a@b', '\n');
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(word).map((words) => words.join('')),
        ),
        (text) => {
          try {
            for (const rule of parseFilter(text)) expect(typeof rule.include).toBe('boolean');
          } catch (error_) {
            expect(error_).toBeInstanceOf(FilterError);
          }
        },
      ),
    );
  });

  it('is read in a moment, however long', () => {
    expect(() => parseFilter(`include:A(smtp:${'('.repeat(50_000)}`)).toThrow(FilterError);
    expect(parseFilter('exclude:*   '.repeat(5_000))).toHaveLength(5_000);
  });
});

describe('whoever is told', () => {
  it('is found by the first rule that fits', () => {
    const filter = 'exclude:QUIET include:*(smtp:a@b) exclude:*';
    expect(told(filter, 'LOUD')).toEqual(['smtp:a@b']);
    expect(told(filter, 'QUIET')).toEqual([]);
    expect(told('include:*(smtp:a@b) exclude:QUIET', 'QUIET')).toEqual(['smtp:a@b']);
  });

  it('is each looked at apart, and told once', () => {
    const filter = 'exclude:E(smtp:a@b) include:*(smtp:a@b) include:*(smtp:c@d) include:E(smtp:c@d) include:E(snmp:)';
    expect(told(filter, 'E').sort()).toEqual(['smtp:c@d', 'snmp:']);
    expect(told(filter, 'F').sort()).toEqual(['smtp:a@b', 'smtp:c@d']);
  });

  it('is nobody where no rule says so', () => {
    expect(told('exclude:*', 'E')).toEqual([]);
    expect(told('', 'E')).toEqual([]);
    expect(told('include:*', 'E')).toEqual([]);
    expect(told('include:F(smtp:a@b)', 'E')).toEqual([]);
  });

  it('is told of what is as bad as wanted and worse', () => {
    const wanted = [normal, warning, error, alert].map((severity) => told('include:*:ERROR(smtp:a@b)', 'E', severity).length);
    expect(wanted).toEqual([0, 0, 1, 1]);
    const left = [normal, warning, error, alert].map((severity) => told('exclude:*:WARNING include:*(smtp:a@b)', 'E', severity).length);
    expect(left).toEqual([0, 0, 1, 1]);
  });
});
