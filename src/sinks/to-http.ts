import { MillraceError } from '../errors.ts';
import { describe, requireFunction, requireOneOf, requireOptions } from '../graph/arguments.ts';
import type { ErrorPolicy } from '../graph/error-policy.ts';
import type { Clock } from '../time/clock.ts';
import { type Duration, parseDuration } from '../time/duration.ts';
import {
  BATCHING_OPTIONS,
  type BatchingOptions,
  Sink,
  type SinkBatch,
  type SinkContext,
} from './batch-sink.ts';

/** Options of {@link toHttp}. */
export interface HttpSinkOptions<R = unknown> extends BatchingOptions {
  /** Default: `'POST'`. */
  readonly method?: 'POST' | 'PUT' | 'PATCH';
  /** Further headers; a function is asked before each request, for credentials that expire. */
  readonly headers?:
    | Readonly<Record<string, string>>
    | (() => Readonly<Record<string, string>> | PromiseLike<Readonly<Record<string, string>>>);
  /**
   * What a request's body is. `'json'` (default): an array of the elements. `'ndjson'`: a line of JSON
   * for each. `'element'`: one element as JSON, so that a batch is one element.
   */
  readonly format?: 'json' | 'ndjson' | 'element';
  /**
   * Name of the header with a key that is the same whenever the same batch is sent again, so that the
   * server can tell; false for none. Default: `'Idempotency-Key'`.
   */
  readonly idempotencyKey?: string | false;
  /** How long the server may take for an answer. Default: 30 s. */
  readonly timeout?: Duration;
  /** The longest `Retry-After` of a server that is heeded. Default: 5 minutes. */
  readonly maxRetryAfter?: Duration;
  /** Reads one result per element from an answer; the sink then emits those instead of the elements. */
  readonly results?: (response: Response) => readonly R[] | PromiseLike<readonly R[]>;
  /** Makes the requests. Default: the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch;
}

const OPTIONS = [
  ...BATCHING_OPTIONS,
  'method',
  'headers',
  'format',
  'idempotencyKey',
  'timeout',
  'maxRetryAfter',
  'results',
  'fetch',
];

/** Statuses that say that the elements are at fault, so that others of the batch may be taken. */
const REFUSED = [400, 413, 415, 422];
/** Statuses below 500 after which another attempt may succeed. */
const PASSING = [408, 425, 429];

/**
 * A sink that sends elements to an HTTP server, for `stream.to`. An element is acknowledged when the
 * server has answered its batch with a status from 200 to 299; its stream then emits it, or what
 * `results` read from the answer.
 *
 * Batches: default `{ size: 100 }`, of what comes while the batch before is on its way; `concurrency`
 * requests at once, by default 1, which keeps the order. Each has an idempotency key, the same for every
 * attempt.
 *
 * Unless `onError` of its stream says otherwise, a request that fails, or is answered 408, 425, 429 or
 * 500 and above, is sent again, 5 times in all, after 200 ms and then twice as long each time, half of it
 * at random; `Retry-After` of a 429 or 503 holds all requests back. A batch answered 400, 413, 415 or 422
 * is halved until the element at fault stands alone; other statuses below 500 fail at once.
 *
 * Throws a TypeError or RangeError for a wrong argument. Errors of batches are MillraceErrors:
 * `ERR_HTTP_STATUS` with the status and the beginning of the answer, `ERR_HTTP` with the `cause`. They do
 * not show credentials.
 *
 * ```ts
 * import assert from 'node:assert/strict';
 * import { fromHttpServer, Stream, toHttp } from 'millrace';
 *
 * const server = fromHttpServer({ port: 0, body: 'json' });
 * const received = server.map(({ body }) => body).sinkToList();
 * const done = server.start();
 * const { port } = await server.listening();
 *
 * const events = new Stream<{ id: number }>();
 * events.to(toHttp(`http://127.0.0.1:${port}/events`, { batch: { size: 2 } }));
 * events.emitMany([{ id: 1 }, { id: 2 }, { id: 3 }]);
 * await events.end();
 * assert.deepEqual(received, [[{ id: 1 }, { id: 2 }], [{ id: 3 }]]);
 * await server.stop();
 * await done;
 * ```
 */
export function toHttp<T, R = T>(
  url: string | URL,
  options: HttpSinkOptions<R> = {},
): HttpSink<T, R> {
  return new HttpSink(url, options);
}

/** What {@link toHttp} returns. */
export class HttpSink<T, R = T> extends Sink<T, R, string> {
  override readonly policy: ErrorPolicy = {
    retry: { attempts: 5, backoff: 200, maxBackoff: '30s', jitter: 0.5 },
  };
  readonly #url: URL;
  readonly #options: HttpSinkOptions<R>;
  readonly #format: 'json' | 'ndjson' | 'element';
  readonly #timeout: number;
  readonly #maxRetryAfter: number;
  #clock: Clock | undefined;
  /** Nothing is sent before: a server has said so. */
  #notBefore = Number.NEGATIVE_INFINITY;

  constructor(url: string | URL, options: HttpSinkOptions<R> = {}) {
    const parsed = parseUrl(url);
    requireOptions('toHttp', options, OPTIONS);
    const { method = 'POST', format = 'json', idempotencyKey = 'Idempotency-Key' } = options;
    const { timeout = '30s', maxRetryAfter = '5m', results, fetch } = options;
    requireOneOf('toHttp', 'method', method, ['POST', 'PUT', 'PATCH']);
    requireOneOf('toHttp', 'format', format, ['json', 'ndjson', 'element']);
    if (idempotencyKey !== false && typeof idempotencyKey !== 'string') {
      throw new TypeError(
        `Cannot create toHttp: idempotencyKey must be the name of a header or false, got ${describe(idempotencyKey)}`,
      );
    }
    if (results !== undefined) requireFunction('toHttp', 'results', results);
    if (fetch !== undefined) requireFunction('toHttp', 'fetch', fetch);
    const { batch } = options;
    super('toHttp', format === 'element' ? { ...options, batch: { ...batch, size: 1 } } : options, {
      size: 100,
    });
    this.#url = parsed;
    this.#options = options;
    this.#format = format;
    this.#timeout = parseDuration(timeout, 'toHttp');
    this.#maxRetryAfter = parseDuration(maxRetryAfter, 'toHttp');
  }

  override encode(element: T): string {
    const text: string | undefined = JSON.stringify(element);
    if (text !== undefined) return text;
    throw new TypeError(
      `Cannot send to ${this.#where}: an element must have a JSON form, got ${describe(element)}`,
    );
  }

  override open({ clock }: SinkContext): void {
    this.#clock = clock;
  }

  override async write(batch: SinkBatch<string>): Promise<never> {
    await this.#wait(this.#notBefore - this.#clock!.now(), batch.signal);
    return (await this.#limited(batch)) as never;
  }

  override isPermanent(error: unknown): boolean | 'whole' {
    if (!(error instanceof StatusError)) return false;
    if (REFUSED.includes(error.status)) return true;
    return error.status < 500 && !PASSING.includes(error.status) ? 'whole' : false;
  }

  /** The address, without what is secret in it. */
  get #where(): string {
    return `${this.#url.origin}${this.#url.pathname}`;
  }

  /** Sends a batch, and gives it up when it takes too long. */
  async #limited(batch: SinkBatch<string>): Promise<readonly R[] | undefined> {
    const abort = new AbortController();
    const onAbort = () => abort.abort(batch.signal.reason);
    batch.signal.addEventListener('abort', onAbort);
    const timer = this.#clock!.setTimeout(() => {
      abort.abort(new Error(`no answer within ${this.#timeout} milliseconds`));
    }, this.#timeout);
    try {
      return await this.#send(batch, abort.signal);
    } catch (cause) {
      if (cause instanceof MillraceError) throw cause;
      const reason = abort.signal.aborted ? abort.signal.reason : cause;
      const message = `Cannot send to ${this.#where}: ${reasonOf(reason)}`;
      throw new MillraceError('ERR_HTTP', message, { cause: reason });
    } finally {
      this.#clock!.clearTimeout(timer);
      batch.signal.removeEventListener('abort', onAbort);
    }
  }

  async #send(
    { elements, id }: SinkBatch<string>,
    signal: AbortSignal,
  ): Promise<readonly R[] | undefined> {
    const { method = 'POST', headers, results, idempotencyKey = 'Idempotency-Key' } = this.#options;
    const given = typeof headers === 'function' ? await headers() : headers;
    const all = new Headers(given);
    if (!all.has('content-type')) all.set('content-type', TYPES[this.#format]);
    if (idempotencyKey !== false) all.set(idempotencyKey, id);
    const { username, password } = this.#url;
    if (username !== '' && !all.has('authorization')) {
      const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
      all.set('authorization', `Basic ${Buffer.from(login).toString('base64')}`);
    }
    const url = new URL(this.#url);
    url.username = '';
    url.password = '';
    const { fetch = globalThis.fetch } = this.#options;
    const response = await fetch(url, { method, headers: all, body: this.#join(elements), signal });
    if (!response.ok) throw await this.#refusal(response);
    if (results !== undefined) return await results(response);
    await response.body?.cancel();
    return undefined;
  }

  #join(elements: readonly string[]): string {
    if (this.#format === 'json') return `[${elements.join(',')}]`;
    return this.#format === 'ndjson' ? `${elements.join('\n')}\n` : elements[0]!;
  }

  async #refusal(response: Response): Promise<StatusError> {
    const { status } = response;
    if (status === 429 || status === 503) this.#holdBack(response.headers.get('retry-after'));
    const answer = await beginningOf(response);
    const said = answer === '' ? '' : `: ${answer}`;
    return new StatusError(status, `Cannot send to ${this.#where}: answered ${status}${said}`);
  }

  /** Heeds `Retry-After`: seconds, or a date. */
  #holdBack(header: string | null): void {
    if (header === null) return;
    const clock = this.#clock!;
    const wait = /^\d+$/.test(header)
      ? Number(header) * 1000
      : Date.parse(header) - clock.wallTime();
    if (!Number.isFinite(wait)) return;
    this.#notBefore = clock.now() + Math.min(wait, this.#maxRetryAfter);
  }

  #wait(milliseconds: number, signal: AbortSignal): Promise<void> | undefined {
    if (!(milliseconds > 0)) return undefined;
    return new Promise((resolve, reject) => {
      const clock = this.#clock!;
      const timer = clock.setTimeout(() => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      }, milliseconds);
      const onAbort = () => {
        clock.clearTimeout(timer);
        reject(signal.reason);
      };
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }
}

/** An answer that is none of success. */
class StatusError extends MillraceError {
  readonly status: number;

  constructor(status: number, message: string) {
    super('ERR_HTTP_STATUS', message);
    this.status = status;
  }
}

const TYPES = {
  json: 'application/json',
  ndjson: 'application/x-ndjson',
  element: 'application/json',
} as const;

function parseUrl(url: string | URL): URL {
  let parsed: URL | undefined;
  try {
    parsed = new URL(url);
  } catch {
    // Reported below, with what is wanted.
  }
  if (parsed?.protocol === 'http:' || parsed?.protocol === 'https:') return parsed;
  throw new TypeError(
    `Cannot create toHttp: url must begin with http:// or https://, got ${parsed === undefined ? 'no URL' : describe(parsed.protocol)}`,
  );
}

/** What an error of fetch is about: its own message says only that it has failed. */
function reasonOf(error: unknown): string {
  const cause = (error as { cause?: unknown } | null)?.cause;
  const told = cause instanceof Error && cause.message !== '' ? cause : error;
  return told instanceof Error ? told.message : String(told);
}

/** The first characters of an answer; the rest is not read. */
async function beginningOf(response: Response): Promise<string> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.length >= 200) break;
  }
  return text.slice(0, 200).trim();
}
