import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseFormat } from '../../../../src/services/engine/api/accept.ts';

describe('the format of an answer', () => {
  it.each([
    [undefined, 'xml'],
    ['', 'xml'],
    ['*/*', 'xml'],
    ['application/*', 'xml'],
    ['text/html', 'xml'],
    ['application/xml', 'xml'],
    ['application/json', 'json'],
    ['APPLICATION/JSON; charset=utf-8', 'json'],
    ['application/json, application/xml', 'json'],
    ['application/xml, application/json', 'xml'],
    ['application/xml;q=0.5, application/json;q=0.6', 'json'],
    ['application/json;q=0.5, */*;q=0.8', 'xml'],
    ['application/json;q=0.9, */*;q=0.8', 'json'],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'xml'],
    ['application/xml;q=0, application/json;q=0.1', 'json'],
    ['application/json;q=0', 'xml'],
    ['application/json;q=7', 'xml'],
    ['application/json;q=', 'xml'],
    [',,;;q=1,application/json', 'json'],
  ])('for %j is %s', (header, format) => {
    expect(chooseFormat(header)).toBe(format);
  });

  it('is found for any header', () => {
    fc.assert(
      fc.property(fc.string(), (header) => {
        expect(['xml', 'json']).toContain(chooseFormat(header));
      }),
    );
  });
});
