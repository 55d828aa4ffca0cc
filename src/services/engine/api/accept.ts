export type Format = 'xml' | 'json';

interface Range {
  readonly type: string;
  readonly q: number;
}

/**
 * The format an Accept header asks for (RFC 9110, section 12.5.1). XML where the header is absent, unknown, or leaves
 * the choice to us; of two that are wanted equally, the one named first.
 */
export function chooseFormat(accept: string | undefined): Format {
  const ranges = (accept ?? '').split(',').map(parseRange);
  const xml = wish(ranges, 'application/xml');
  const json = wish(ranges, 'application/json');
  if (json.q !== xml.q) return json.q > xml.q ? 'json' : 'xml';
  return json.q > 0 && json.named < xml.named ? 'json' : 'xml';
}

/** How much a type is wanted, by the most specific range that covers it, and how early the header names it. */
function wish(ranges: readonly Range[], type: string): { q: number; named: number } {
  for (const covering of [type, 'application/*', '*/*']) {
    const at = ranges.findIndex((range) => range.type === covering);
    const range = ranges[at];
    if (range !== undefined) return { q: range.q, named: covering === type ? at : ranges.length };
  }
  return { q: 0, named: ranges.length };
}

function parseRange(text: string): Range {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const quality = parameters.find((parameter) => parameter.startsWith('q='));
  const q = quality === undefined ? 1 : /^q=(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(quality) ? Number(quality.slice(2)) : 0;
  return { type, q };
}
