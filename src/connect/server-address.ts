import { MillraceError } from '../errors.ts';
import { describe } from '../graph/arguments.ts';

const SECRET_NAMES = /pass|secret|token|credential|private|^key$/i;

/**
 * Where a server is and what is shown to it, from a URL. Passwords stay in here: what it makes of the
 * errors of a client does not contain them.
 */
export class ServerAddress {
  readonly #url: URL;
  readonly #secrets = new Set<string>();

  /**
   * @param connector for errors
   * @param url as the user gave it, perhaps with a user name and a password
   * @param protocols such as `redis:`
   * @param clientOptions further options of the client, in which there may be secrets as well
   */
  constructor(
    connector: string,
    url: string | URL,
    protocols: readonly string[],
    clientOptions?: object,
  ) {
    this.#url = parseUrl(connector, url, protocols);
    for (const secret of [this.#url.password, safelyDecoded(this.#url.password)]) {
      this.#addSecret(secret);
    }
    this.#collect(clientOptions, 0);
  }

  /** The URL as it was given, password and all: for the client alone. */
  reveal(): URL {
    return new URL(this.#url);
  }

  /** Host and port, for messages. */
  get host(): string {
    return this.#url.host;
  }

  /**
   * What a client failed with, for users: a message without the secrets, and nothing of the client's
   * own error, in which its options may be. `ERR_REFUSED` where the server has answered, and another
   * attempt would not change that; else `ERR_CONNECTION`.
   *
   * @param action after "Cannot"
   */
  explain(
    action: string,
    error: unknown,
    isRefused: (error: unknown) => boolean = () => false,
  ): MillraceError {
    if (error instanceof MillraceError) return error;
    // What a client calls wrong at once, such as an option that it does not take, stays wrong.
    const isWrong = error instanceof TypeError || error instanceof RangeError;
    const code = isWrong || isRefused(error) ? 'ERR_REFUSED' : 'ERR_CONNECTION';
    return new MillraceError(code, this.redact(`Cannot ${action} at ${this.host}: ${say(error)}`));
  }

  /** A text without the secrets. */
  redact(text: string): string {
    let redacted = text;
    for (const secret of this.#secrets) redacted = redacted.replaceAll(secret, '***');
    return redacted;
  }

  #addSecret(secret: string): void {
    if (secret !== '') this.#secrets.add(secret);
  }

  #collect(options: unknown, depth: number): void {
    if (typeof options !== 'object' || options === null || depth > 4) return;
    for (const [name, value] of Object.entries(options)) {
      if (typeof value === 'string' && SECRET_NAMES.test(name)) this.#addSecret(value);
      else this.#collect(value, depth + 1);
    }
  }
}

function parseUrl(connector: string, url: string | URL, protocols: readonly string[]): URL {
  const wanted = `a URL that begins with ${protocols.map((one) => `${one}//`).join(' or ')}`;
  if (typeof url !== 'string' && !(url instanceof URL)) {
    throw new TypeError(`Cannot create ${connector}: url must be ${wanted}, got ${describe(url)}`);
  }
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    // Neither the text nor the error, which has it too, is shown: there may be a password in it.
    throw new TypeError(`Cannot create ${connector}: url must be ${wanted}, got another text`);
  }
  if (!protocols.includes(parsed.protocol)) {
    throw new TypeError(
      `Cannot create ${connector}: url must be ${wanted}, got ${parsed.protocol}//`,
    );
  }
  return parsed;
}

function safelyDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The message of an error; those that only wrap others have none. */
function say(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map(say).join('; ');
  }
  if (!(error instanceof Error)) return String(error);
  const { code } = error as { code?: unknown };
  return error.message || (typeof code === 'string' ? code : error.name);
}
