import { badRequest } from '../../http/refusal.ts';

/** A search as a tree. Fields and words are in lower case, values as they were typed. */
export type Condition =
  | { readonly and: readonly Condition[] }
  | { readonly or: readonly Condition[] }
  | { readonly not: Condition }
  | { readonly field: string; readonly operator: Operator; readonly value: string }
  | { readonly word: string };

export type Operator = '=' | '!=' | '<' | '<=' | '>' | '>=';

export interface Search {
  readonly condition: Condition | null;
  readonly sort: { readonly field: string; readonly descending: boolean } | null;
  /** From 1. */
  readonly page: number | null;
}

interface Token {
  readonly text: string;
  readonly kind: 'word' | 'quoted' | 'operator' | 'bracket';
}

/** Longer searches are refused: nobody types them, and each condition costs the database. */
const longest = 4000;
const deepest = 20;
const most = 200;

/**
 * Reads a search of the API: `name=vm* and (status=up or not cluster="My cluster") sortby name desc page 2`.
 * Throws a refusal (400) that says what was expected.
 */
export function parseSearch(text: string): Search {
  if (text.length > longest) throw badRequest(`A search may have ${longest} characters at most.`);
  // `Vms: name=x` as the search box of portals writes it: the collection is known already.
  const tokens = tokensOf(text.replace(/^\s*[A-Za-z ]+:(?=\s|$|[A-Za-z*"])/, ''));
  if (tokens.length > most) throw badRequest('The search has too many parts.');
  let at = 0;
  const peek = (word?: string): boolean => {
    const token = tokens[at];
    return token !== undefined && (word === undefined || (token.kind !== 'quoted' && token.text.toLowerCase() === word));
  };
  const take = (): Token | undefined => tokens[at++];
  const clauseBegins = (): boolean =>
    peek('sortby') || (peek('page') && tokens[at + 1]?.kind === 'word' && tokens[at + 2]?.kind !== 'operator');

  function either(depth: number): Condition {
    const parts = [both(depth)];
    while (peek('or')) {
      at++;
      parts.push(both(depth));
    }
    return parts.length === 1 ? (parts[0] as Condition) : { or: parts };
  }

  function both(depth: number): Condition {
    const parts = [single(depth)];
    while (peek() && !peek('or') && !peek(')') && !clauseBegins()) {
      if (peek('and')) at++;
      parts.push(single(depth));
    }
    return parts.length === 1 ? (parts[0] as Condition) : { and: parts };
  }

  function single(depth: number): Condition {
    if (depth > deepest) throw badRequest('The search is nested too deeply.');
    const token = take();
    if (token === undefined) throw badRequest('The search ends where a condition is expected.');
    if (token.kind === 'operator') throw badRequest(`The search has ${token.text} where a field is expected.`);
    if (token.text === '(' && token.kind === 'bracket') {
      const inner = either(depth + 1);
      if (!peek(')')) throw badRequest('The search has a bracket that is not closed.');
      at++;
      return inner;
    }
    if (token.kind === 'bracket') throw badRequest('The search has a bracket that was not opened.');
    if (token.kind === 'word' && token.text.toLowerCase() === 'not') return { not: single(depth + 1) };
    const operator = tokens[at];
    if (operator?.kind !== 'operator' || token.kind === 'quoted') return { word: token.text };
    at++;
    const value = take();
    if (value === undefined || value.kind === 'operator' || value.kind === 'bracket') {
      throw badRequest('The search has an operator without a value behind it.');
    }
    return { field: token.text.toLowerCase(), operator: operator.text as Operator, value: value.text };
  }

  const condition = peek() && !clauseBegins() ? either(0) : null;
  let sort: Search['sort'] = null;
  if (peek('sortby')) {
    at++;
    const field = take();
    if (field?.kind !== 'word') throw badRequest('sortby wants a field behind it.');
    const descending = peek('desc');
    if (descending || peek('asc')) at++;
    sort = { field: field.text.toLowerCase(), descending };
  }
  let page: number | null = null;
  if (peek('page')) {
    at++;
    const number = take()?.text ?? '';
    if (!/^[1-9]\d{0,5}$/.test(number)) throw badRequest('page wants a number from 1 behind it.');
    page = Number(number);
  }
  if (peek()) throw badRequest('The search has something behind its end.');
  return { condition, sort, page };
}

function tokensOf(text: string): readonly Token[] {
  const pattern = /\s+|"((?:[^"\\]|\\.)*)"|(!=|<=|>=|=|<|>)|([()])|([^\s"=!<>()]+|!(?!=))/gy;
  const tokens: Token[] = [];
  while (pattern.lastIndex < text.length) {
    const found = pattern.exec(text);
    if (found === null) throw badRequest('The search has a quotation mark that is not closed.');
    const [, quoted, operator, bracket, word] = found;
    if (quoted !== undefined) tokens.push({ kind: 'quoted', text: quoted.replace(/\\(.)/g, '$1') });
    else if (operator !== undefined) tokens.push({ kind: 'operator', text: operator });
    else if (bracket !== undefined) tokens.push({ kind: 'bracket', text: bracket });
    else if (word !== undefined) tokens.push({ kind: 'word', text: word });
  }
  return tokens;
}
