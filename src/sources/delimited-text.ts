import { StringDecoder } from 'node:string_decoder';
import { MillraceError } from '../errors.ts';

/** The text encodings whose bytes can be cut anywhere. */
export type TextEncoding = 'utf8' | 'utf16le' | 'latin1' | 'ascii';

/** Every {@link TextEncoding}. */
export const TEXT_ENCODINGS: readonly TextEncoding[] = ['utf8', 'utf16le', 'latin1', 'ascii'];

const BYTE_ORDER_MARK = '\ufeff';

/**
 * Cuts bytes into texts that end with a delimiter. How the bytes are split into chunks makes no
 * difference: a character or a delimiter may lie across two. Texts are taken one by one, so whoever
 * takes them may stop at any and go on later.
 */
export class DelimitedText {
  readonly #delimiter: string;
  readonly #maxLength: number;
  readonly #decoder: StringDecoder;
  #text = '';
  /** Where the next text begins in `#text`. */
  #start = 0;
  /** Where to look for its delimiter: what is before was searched already. */
  #searched = 0;
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
      const at = this.#text.indexOf(this.#delimiter, this.#searched);
      if (at === -1) return this.#more();
      const end = at + this.#delimiter.length;
      const text = this.#text.slice(this.#start, end);
      this.#start = end;
      this.#searched = end;
      if (this.#dropping) this.#dropping = false;
      else if (text.length <= this.#maxLength) return text;
      else throw this.#tooLong();
    }
  }

  /** What is left when no more bytes come: a last text without a delimiter, or nothing. */
  end(): string | undefined {
    this.#append(this.#decoder.end());
    const text = this.#dropping ? '' : this.#text.slice(this.#start);
    this.#clear();
    this.#dropping = false;
    return text === '' ? undefined : text;
  }

  #append(decoded: string): void {
    let added = decoded;
    if (this.#atFileStart && added !== '') {
      this.#atFileStart = false;
      if (added.startsWith(BYTE_ORDER_MARK)) added = added.slice(1);
    }
    const rest = this.#text.slice(this.#start);
    this.#text = rest + added;
    this.#start = 0;
    this.#searched = Math.max(0, rest.length - this.#delimiter.length + 1);
  }

  #more(): undefined {
    if (this.#dropping) {
      // Only a delimiter that has begun is worth keeping.
      this.#start = Math.max(this.#start, this.#text.length - this.#delimiter.length + 1);
      this.#searched = this.#start;
    } else if (this.#text.length - this.#start > this.#maxLength) {
      this.#dropping = true;
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

  #clear(): void {
    this.#text = '';
    this.#start = 0;
    this.#searched = 0;
  }
}
