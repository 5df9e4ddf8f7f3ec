import { StringDecoder } from 'node:string_decoder';
import { MillraceError } from '../errors.ts';
import { describe, requireOneOf, requirePositiveInteger } from '../graph/arguments.ts';

/** The text encodings whose bytes can be cut anywhere. */
export type TextEncoding = 'utf8' | 'utf16le' | 'latin1' | 'ascii';

const TEXT_ENCODINGS: readonly TextEncoding[] = ['utf8', 'utf16le', 'latin1', 'ascii'];

/** How text is cut out of bytes. */
export interface TextOptions {
  /** What ends an element; it stays part of it. Not empty. Default: `'\n'`. */
  readonly delimiter?: string;
  /** Default: `'utf8'`. */
  readonly encoding?: TextEncoding;
  /**
   * The most characters of an element, its delimiter among them; a longer one is an error
   * (`ERR_TEXT_TOO_LONG`), so that memory stays bounded.
   */
  readonly maxLength?: number;
}

/** The names of {@link TextOptions}, to check what was given against. */
export const TEXT_OPTIONS: readonly string[] = ['delimiter', 'encoding', 'maxLength'];

const BYTE_ORDER_MARK = '\ufeff';

/** Checks how text is to be cut, and gives what cuts it; called once for each run of bytes. */
export function textCutter(
  operator: string,
  options: TextOptions,
  defaultMaxLength: number,
): (atFileStart: boolean) => DelimitedText {
  const { delimiter = '\n', encoding = 'utf8', maxLength = defaultMaxLength } = options;
  if (typeof delimiter !== 'string' || delimiter === '') {
    throw new TypeError(
      `Cannot create ${operator}: delimiter must be a string of 1 character or more, got ${describe(delimiter)}`,
    );
  }
  requireOneOf(operator, 'encoding', encoding, TEXT_ENCODINGS);
  requirePositiveInteger(operator, 'maxLength', maxLength);
  return (atFileStart) => new DelimitedText(delimiter, encoding, maxLength, atFileStart);
}

/**
 * Cuts bytes into texts that end with a delimiter. How the bytes are split into chunks makes no
 * difference: a character or a delimiter may lie across two. Texts are taken one by one, so whoever
 * takes them may stop at any and go on later.
 *
 * Cost: each character is decoded and searched once, however small the chunks are that it comes in.
 */
export class DelimitedText {
  readonly #delimiter: string;
  readonly #maxLength: number;
  readonly #decoder: StringDecoder;
  /** The beginning of a text whose delimiter has not come yet, without what is in `#chunk`. */
  #rest = '';
  #chunk = '';
  /** Where the next text, or the rest of one, begins in `#chunk`. */
  #at = 0;
  #atFileStart: boolean;
  /** The text was too long: what comes up to its delimiter is dropped. */
  #dropping = false;

  /** `atFileStart`: the bytes begin a file, where a byte order mark is no text. */
  constructor(delimiter: string, encoding: TextEncoding, maxLength: number, atFileStart: boolean) {
    this.#delimiter = delimiter;
    this.#maxLength = maxLength;
    this.#decoder = new StringDecoder(encoding);
    this.#atFileStart = atFileStart;
  }

  /** Characters that were written and not taken. */
  get length(): number {
    return this.#rest.length + this.#chunk.length - this.#at;
  }

  /** Adds bytes; the buffer may be used again afterwards. */
  write(bytes: Uint8Array): void {
    this.#append(this.#decoder.write(bytes));
  }

  /**
   * The next text, with its delimiter, or nothing where more bytes are needed. Throws a
   * MillraceError (`ERR_TEXT_TOO_LONG`) where a text with its delimiter is longer than `maxLength`
   * characters; that text is then left out.
   */
  next(): string | undefined {
    for (;;) {
      const found = this.#chunk.indexOf(this.#delimiter, this.#at);
      if (found === -1) return this.#more();
      const end = found + this.#delimiter.length;
      let text = this.#chunk.slice(this.#at, end);
      if (this.#rest !== '') {
        text = this.#rest + text;
        this.#rest = '';
      }
      this.#at = end;
      if (this.#dropping) this.#dropping = false;
      else if (text.length <= this.#maxLength) return text;
      else throw this.#tooLong();
    }
  }

  /** What is left when no more bytes come: a last text without a delimiter, or nothing. */
  end(): string | undefined {
    this.#append(this.#decoder.end());
    const text = this.#dropping ? '' : this.#rest + this.#chunk.slice(this.#at);
    this.#rest = '';
    this.#chunk = '';
    this.#at = 0;
    this.#dropping = false;
    return text === '' ? undefined : text;
  }

  #append(decoded: string): void {
    let added = decoded;
    if (this.#atFileStart && added !== '') {
      this.#atFileStart = false;
      if (added.startsWith(BYTE_ORDER_MARK)) added = added.slice(1);
    }
    const left = this.#chunk.length - this.#at;
    this.#chunk = left === 0 ? added : this.#chunk.slice(this.#at) + added;
    this.#at = 0;
  }

  /** Puts by what holds no delimiter, but for its end, in which one may have begun. */
  #more(): undefined {
    const kept = Math.max(this.#at, this.#chunk.length - this.#delimiter.length + 1);
    if (!this.#dropping) this.#rest += this.#chunk.slice(this.#at, kept);
    this.#chunk = this.#chunk.slice(kept);
    this.#at = 0;
    if (!this.#dropping && this.length > this.#maxLength) {
      this.#dropping = true;
      this.#rest = '';
      throw this.#tooLong();
    }
    return undefined;
  }

  #tooLong(): MillraceError {
    return new MillraceError(
      'ERR_TEXT_TOO_LONG',
      `Cannot cut text: expected a delimiter ${JSON.stringify(this.#delimiter)} within ${this.#maxLength} characters, got none`,
    );
  }
}
