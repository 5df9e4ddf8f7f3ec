import { shown } from '../checks.ts';
import { Series, seriesOf } from '../series.ts';
import type { ColumnType } from '../types.ts';
import { callFunction, type Value } from './query-functions.ts';
import { combineReversed, type PlainValue, type SeriesLike, TERM } from './term.ts';

type Any = Series<ColumnType>;
type Condition = Series<'bool'>;
/** Finds a column by its name; throws for a name that there is not. */
export type FindColumn = (name: string) => SeriesLike;

interface Token {
  readonly kind: 'name' | 'number' | 'text' | 'symbol' | 'end';
  readonly text: string;
  readonly at: number;
}

const TOKEN =
  /\s*(?:(?<number>(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)|(?<name>[\p{L}_$][\p{L}\p{N}_$]*)|`(?<quoted>[^`]+)`|(?<text>'(?:[^']|'')*'|"(?:[^"]|"")*")|(?<symbol><=|>=|==|!=|<>|&&|\|\||[-+*/%(),<>=!&|]))/iuy;

const COMPARISONS: Readonly<Record<string, 'eq' | 'ne' | 'gt' | 'ge' | 'lt' | 'le'>> = {
  '=': 'eq',
  '==': 'eq',
  '!=': 'ne',
  '<>': 'ne',
  '>': 'gt',
  '>=': 'ge',
  '<': 'lt',
  '<=': 'le',
};

const MIRRORED = { eq: 'eq', ne: 'ne', gt: 'lt', ge: 'le', lt: 'gt', le: 'ge' } as const;

const ARITHMETIC: Readonly<Record<string, 'add' | 'sub' | 'mul' | 'div' | 'mod'>> = {
  '+': 'add',
  '-': 'sub',
  '*': 'mul',
  '/': 'div',
  '%': 'mod',
};

/**
 * A condition written as text, as an expression over columns. `and` binds closer than `or`, `not`
 * closer than both, comparison closer than `not`, arithmetic closer than comparison.
 * `x in (1, 2)`, `x between 1 and 2` and their `not in`, `not between` are comparisons. A name before
 * a parenthesis is a function.
 *
 * Throws a SyntaxError where the text is no condition, and whatever the expression throws.
 */
export function parseQuery(text: string, find: FindColumn): SeriesLike<'bool'> {
  if (typeof text !== 'string') {
    throw new TypeError(`Cannot create query: the condition must be a string, got ${shown(text)}`);
  }
  const parser = new QueryParser(text, find);
  return parser.parse();
}

class QueryParser {
  readonly #text: string;
  readonly #find: FindColumn;
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(text: string, find: FindColumn) {
    this.#text = text;
    this.#find = find;
    this.#tokens = tokenize(text);
  }

  parse(): Condition {
    const value = this.#or();
    if (this.#peek().kind !== 'end') throw this.#unexpected('the end');
    return this.#condition(value);
  }

  #or(): Value {
    let left = this.#and();
    while (this.#takeWord('or', '||', '|'))
      left = this.#condition(left).or(this.#condition(this.#and()));
    return left;
  }

  #and(): Value {
    let left = this.#not();
    while (this.#takeWord('and', '&&', '&'))
      left = this.#condition(left).and(this.#condition(this.#not()));
    return left;
  }

  #not(): Value {
    return this.#takeWord('not', '!') ? this.#condition(this.#not()).not() : this.#comparison();
  }

  #comparison(): Value {
    const left = this.#sum();
    if (this.#takeWord('is')) {
      const negated = this.#takeWord('not');
      if (!this.#takeWord('null')) throw this.#unexpected('null');
      const missing = this.#series(left).isNull();
      return negated ? missing.not() : missing;
    }
    const negated =
      this.#peekWord('not') && /^(?:in|between)$/i.test(this.#tokens[this.#next + 1]!.text);
    if (negated) this.#next++;
    const range = this.#range(left);
    if (range !== undefined) return negated ? range.not() : range;
    const op = COMPARISONS[this.#peek().text];
    if (op === undefined || this.#peek().kind !== 'symbol') return left;
    this.#next++;
    const right = this.#sum();
    if (left instanceof Series) return left[op](right as never);
    return this.#series(right)[MIRRORED[op]](left as never);
  }

  /** What follows a value in `x in (1, 2)` and `x between 1 and 2`, if that is what follows. */
  #range(left: Value): Condition | undefined {
    if (this.#takeWord('between')) {
      const low = this.#sum();
      if (!this.#takeWord('and')) throw this.#unexpected('and');
      const high = this.#sum();
      return this.#series(left).isBetween(low as never, high as never);
    }
    if (!this.#takeWord('in')) return undefined;
    if (!this.#takeSymbol('(')) throw this.#unexpected('(');
    const values: PlainValue[] = [];
    do {
      const value = this.#sum();
      if (value instanceof Series)
        throw this.#syntax(`wanted a value in the list, got ${describe(value)}`);
      values.push(value as PlainValue);
    } while (this.#takeSymbol(','));
    if (!this.#takeSymbol(')')) throw this.#unexpected(', or )');
    return this.#series(left).isIn(values as never);
  }

  #sum(): Value {
    let left = this.#product();
    for (let op = this.#takeSymbol('+', '-'); op; op = this.#takeSymbol('+', '-')) {
      left = this.#arithmetic(op, left, this.#product());
    }
    return left;
  }

  #product(): Value {
    let left = this.#unary();
    for (let op = this.#takeSymbol('*', '/', '%'); op; op = this.#takeSymbol('*', '/', '%')) {
      left = this.#arithmetic(op, left, this.#unary());
    }
    return left;
  }

  #unary(): Value {
    if (!this.#takeSymbol('-')) return this.#operand();
    const value = this.#unary();
    if (typeof value === 'number' || typeof value === 'bigint') return -value;
    return this.#series(value).neg();
  }

  #operand(): Value {
    const token = this.#peek();
    this.#next++;
    if (token.kind === 'number') return numberOf(token.text);
    if (token.kind === 'text') return token.text;
    if (token.kind === 'name') {
      if (/^true$/i.test(token.text)) return true;
      if (/^false$/i.test(token.text)) return false;
      if (/^null$/i.test(token.text)) return null;
      if (this.#takeSymbol('(')) return this.#call(token);
      return this.#find(token.text);
    }
    if (token.kind === 'symbol' && token.text === '(') {
      const value = this.#or();
      if (!this.#takeSymbol(')')) throw this.#unexpected(')');
      return value;
    }
    this.#next--;
    throw this.#unexpected('a column, a value or (');
  }

  /** A call of a function, whose name and opening parenthesis are read. */
  #call({ text }: Token): Value {
    const args: Value[] = [];
    if (!this.#takeSymbol(')')) {
      do args.push(this.#or());
      while (this.#takeSymbol(','));
      if (!this.#takeSymbol(')')) throw this.#unexpected(', or )');
    }
    const result = callFunction(text, args);
    if (result === undefined) {
      throw this.#syntax(`there is no function ${shown(text)} of ${args.length} values`);
    }
    return result;
  }

  #arithmetic(op: string, left: Value, right: Value): Value {
    const method = ARITHMETIC[op]!;
    if (left instanceof Series) return left[method](right as never) as SeriesLike;
    if (right instanceof Series)
      return seriesOf(combineReversed(method, left as PlainValue, right[TERM]));
    throw this.#syntax(`${shown(left)} ${op} ${shown(right)} has no column`);
  }

  #condition(value: Value): Condition {
    if (value instanceof Series && value.type === 'bool') return value as unknown as Condition;
    throw this.#syntax(`wanted a condition, got ${describe(value)}`);
  }

  #series(value: Value): Any {
    if (value instanceof Series) return value as Any;
    throw this.#syntax(`wanted a column, got ${describe(value)}`);
  }

  #peek(): Token {
    return this.#tokens[this.#next]!;
  }

  #peekWord(word: string): boolean {
    const { kind, text } = this.#peek();
    return kind === 'name' && text.toLowerCase() === word;
  }

  #takeWord(...words: string[]): boolean {
    const { kind, text } = this.#peek();
    if ((kind !== 'name' && kind !== 'symbol') || !words.includes(text.toLowerCase())) return false;
    this.#next++;
    return true;
  }

  #takeSymbol(...symbols: string[]): string | undefined {
    const { kind, text } = this.#peek();
    if (kind !== 'symbol' || !symbols.includes(text)) return undefined;
    this.#next++;
    return text;
  }

  #unexpected(wanted: string): SyntaxError {
    const { kind, text, at } = this.#peek();
    const got = kind === 'end' ? 'its end' : `'${text}' at ${at}`;
    return this.#syntax(`wanted ${wanted}, got ${got}`);
  }

  #syntax(what: string): SyntaxError {
    return new SyntaxError(`Cannot create query: in ${shown(this.#text)}, ${what}`);
  }
}

function describe(value: Value): string {
  return value instanceof Series ? `column '${value.name}' (${value.type})` : shown(value);
}

function numberOf(text: string): number | bigint {
  const number = Number(text);
  return /^\d+$/.test(text) && !Number.isSafeInteger(number) ? BigInt(text) : number;
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  const end = text.trimEnd().length;
  while (TOKEN.lastIndex < end) {
    const at = TOKEN.lastIndex;
    const groups = TOKEN.exec(text)?.groups;
    if (groups === undefined) {
      throw new SyntaxError(
        `Cannot create query: in ${shown(text)}, cannot read ${shown(text.slice(at).trimStart().slice(0, 10))} at ${at}`,
      );
    }
    if (groups.number !== undefined) tokens.push({ kind: 'number', text: groups.number, at });
    else if (groups.text !== undefined)
      tokens.push({ kind: 'text', text: unquote(groups.text), at });
    else if (groups.symbol !== undefined) tokens.push({ kind: 'symbol', text: groups.symbol, at });
    else tokens.push({ kind: 'name', text: groups.quoted ?? groups.name!, at });
  }
  tokens.push({ kind: 'end', text: '', at: end });
  return tokens;
}

function unquote(text: string): string {
  const quote = text[0]!;
  return text.slice(1, -1).replaceAll(quote + quote, quote);
}
