import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { checkListen, LISTEN_OPTIONS, Listening, type ListenOptions } from '../connect/listen.ts';
import { readBody } from '../connect/request-body.ts';
import {
  describe,
  requireOneOf,
  requireOptions,
  requirePositiveInteger,
} from '../graph/arguments.ts';
import { type Duration, parseDuration } from '../time/duration.ts';
import { SOURCE_OPTIONS, Source, type SourceOptions, type SourceRun } from './source.ts';

/** What a request's body becomes: text in UTF-8, the bytes, or what its JSON says. */
export type HttpBody = 'text' | 'bytes' | 'json';

/** The type of a body, by its {@link HttpBody}. */
export type BodyOf<B extends HttpBody> = B extends 'bytes'
  ? Buffer
  : B extends 'json'
    ? unknown
    : string;

/** A request, as {@link fromHttpServer} emits it. */
export interface HttpRequest<B extends HttpBody = 'text'> {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: BodyOf<B>;
}

/** Options of {@link fromHttpServer}. */
export interface HttpServerOptions<B extends HttpBody = 'text'>
  extends SourceOptions,
    Partial<ListenOptions> {
  /** For HTTPS: `key` and `cert`, or whatever else `node:tls` takes. Default: none, plain HTTP. */
  readonly tls?: TlsOptions;
  /** The path without its query, or what it has to match; others are answered 404. Default: any. */
  readonly path?: string | RegExp;
  /** Others are answered 405. Default: `['POST']`. */
  readonly methods?: readonly string[];
  /** What becomes of the body; with `'json'`, one that is none is answered 400. Default: `'text'`. */
  readonly body?: B;
  /** Most bytes of a body; a larger one is answered 413. Default: 1,048,576. */
  readonly maxBody?: number;
  /** Requests that may be on their way, read or not answered; further ones get 503. Default: 1024. */
  readonly maxPending?: number;
  /** Bytes of their bodies; a request that would exceed them gets 503. Default: 67,108,864. */
  readonly maxPendingBytes?: number;
  /** How long a client may take for a request; then it gets 408. Default: 30 s. */
  readonly requestTimeout?: Duration;
  /** Connections at one time, of a server of its own. Default: 4096. */
  readonly maxConnections?: number;
  /**
   * When to answer. `'settled'` (default): when everything downstream has settled, sinks that write in
   * batches among them. `'accepted'`: as soon as the graph has taken the element in.
   */
  readonly answer?: 'settled' | 'accepted';
}

const HTTP_OPTIONS = [
  ...SOURCE_OPTIONS,
  ...LISTEN_OPTIONS,
  'tls',
  'path',
  'methods',
  'body',
  'maxBody',
  'maxPending',
  'maxPendingBytes',
  'requestTimeout',
  'maxConnections',
  'answer',
];

/**
 * A source of HTTP requests: of those to a server of its own, where a `port` is given, and of those that
 * a server of yours hands to its {@link HttpSource.handle}.
 *
 * Emits an {@link HttpRequest} for each, several at once if they come so. The client is answered when
 * the pipeline has settled: 204; 500 where it has failed, which `onError` is told of; the source goes on.
 * With `answer: 'accepted'` it is answered 202 where that takes longer than the graph's acceptance.
 *
 * What does not fit is refused without being emitted: 404, 405, 415 for a compressed body, 413 for one
 * that is too large, 408 for a client that is too slow, and 503 with `Retry-After` while `maxPending`
 * requests or `maxPendingBytes` are on their way or the source is not running. So memory is bounded
 * whatever clients do.
 *
 * `stop()` refuses what is not accepted yet and resolves; requests that are still in the graph are
 * answered when they have settled. Not being able to listen fails the source with `ERR_LISTEN`. Throws a
 * TypeError or RangeError for a wrong argument.
 *
 * ```ts
 * import assert from 'node:assert/strict';
 * import { fromHttpServer } from 'millrace';
 *
 * const source = fromHttpServer({ port: 0, path: '/events', body: 'json' });
 * const seen = source.map(({ body }) => body).sinkToList();
 * const done = source.start();
 * const { port } = await source.listening();
 *
 * const url = `http://127.0.0.1:${port}/events`;
 * const answer = await fetch(url, { method: 'POST', body: '{"clicks": 3}' });
 * assert.equal(answer.status, 204);
 * assert.deepEqual(seen, [{ clicks: 3 }]);
 * await source.stop();
 * await done;
 * ```
 */
export function fromHttpServer<const B extends HttpBody = 'text'>(
  options: HttpServerOptions<B> = {},
): HttpSource<B> {
  return new HttpSource(options);
}

/** What {@link fromHttpServer} returns. */
export class HttpSource<B extends HttpBody = 'text'> extends Source<HttpRequest<B>> {
  readonly #where: Required<ListenOptions> | undefined;
  readonly #tls: TlsOptions | undefined;
  readonly #path: string | RegExp | undefined;
  readonly #methods: readonly string[];
  readonly #body: HttpBody;
  readonly #maxBody: number;
  readonly #maxPending: number;
  readonly #maxPendingBytes: number;
  readonly #requestTimeout: number;
  readonly #maxConnections: number;
  readonly #answer: 'settled' | 'accepted';
  readonly #listening = new Listening();
  /** While it runs. */
  #serving: Serving<HttpRequest<B>> | undefined;
  #server: Server | undefined;
  #pending = 0;
  #pendingBytes = 0;

  constructor(options: HttpServerOptions<B> = {}) {
    requireOptions('fromHttpServer', options, HTTP_OPTIONS);
    const {
      port,
      host,
      tls,
      path,
      methods = ['POST'],
      body = 'text',
      answer = 'settled',
    } = options;
    const { maxBody = 1_048_576, maxPending = 1024, maxPendingBytes = 67_108_864 } = options;
    const { requestTimeout = '30s', maxConnections = 4096 } = options;
    requireOneOf('fromHttpServer', 'body', body, ['text', 'bytes', 'json']);
    requireOneOf('fromHttpServer', 'answer', answer, ['settled', 'accepted']);
    requirePositiveInteger('fromHttpServer', 'maxBody', maxBody);
    requirePositiveInteger('fromHttpServer', 'maxPending', maxPending);
    requirePositiveInteger('fromHttpServer', 'maxPendingBytes', maxPendingBytes);
    requirePositiveInteger('fromHttpServer', 'maxConnections', maxConnections);
    if (path !== undefined && typeof path !== 'string' && !(path instanceof RegExp)) {
      throw new TypeError(
        `Cannot create fromHttpServer: path must be a text or a RegExp, got ${describe(path)}`,
      );
    }
    if (!Array.isArray(methods) || !methods.every((method) => /^[A-Z]+$/.test(String(method)))) {
      throw new TypeError(
        `Cannot create fromHttpServer: methods must be names such as 'POST', got ${describe(methods)}`,
      );
    }
    const where =
      port === undefined
        ? undefined
        : checkListen('fromHttpServer', { port, ...(host !== undefined && { host }) });
    const timeout = parseDuration(requestTimeout, 'fromHttpServer');
    super(options);
    this.#where = where;
    this.#tls = tls;
    this.#path = path;
    this.#methods = methods;
    this.#body = body;
    this.#maxBody = maxBody;
    this.#maxPending = maxPending;
    this.#maxPendingBytes = maxPendingBytes;
    this.#requestTimeout = timeout;
    this.#maxConnections = maxConnections;
    this.#answer = answer;
  }

  /** Resolves with the address, once a server of its own listens. */
  listening(): Promise<AddressInfo> {
    return this.#listening.wait();
  }

  /** Requests that are on their way: being read, or in the graph and not answered. */
  get pending(): number {
    return this.#pending;
  }

  /** Bytes of their bodies. */
  get bytesHeld(): number {
    return this.#pendingBytes;
  }

  /**
   * Takes a request and answers it; for a server of yours: `createServer(source.handle)`, or
   * `app.post('/events', source.handle)` where nothing has read the body before. Answers 503 while the
   * source is not running.
   */
  readonly handle = (request: IncomingMessage, response: ServerResponse): void => {
    void this.#handle(request, response);
  };

  protected override async run(run: SourceRun<HttpRequest<B>>): Promise<void> {
    let fail = (_error: unknown): void => {};
    const failed = new Promise<never>((_, reject) => {
      fail = reject;
    });
    const stop = new AbortController();
    const serving: Serving<HttpRequest<B>> = {
      run,
      fail,
      stopped: stop.signal,
      accepting: new Set(),
    };
    const server = this.#where === undefined ? undefined : this.#newServer();
    try {
      if (server !== undefined && this.#where !== undefined) {
        await this.#listening.begin('fromHttpServer', server, this.#where);
        server.on('error', fail);
      }
      this.#server = server;
      this.#serving = serving;
      await run.wait(failed);
    } finally {
      this.#serving = undefined;
      this.#listening.end();
      server?.close();
      server?.closeIdleConnections();
      stop.abort();
      await Promise.all(serving.accepting);
    }
  }

  /** As for any stream; clients that wait for an answer are cut off. */
  override destroy(): void {
    const server = this.#server;
    super.destroy();
    void this.stop().then(() => server?.closeAllConnections());
  }

  #newServer(): Server {
    const options = {
      requestTimeout: this.#requestTimeout,
      headersTimeout: Math.min(this.#requestTimeout, 60_000),
      connectionsCheckingInterval: Math.max(100, Math.min(this.#requestTimeout / 2, 30_000)),
    };
    const server =
      this.#tls === undefined
        ? createServer(options, this.handle)
        : createTlsServer({ ...options, ...this.#tls }, this.handle);
    server.maxConnections = this.#maxConnections;
    return server;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const serving = this.#serving;
    const status = serving === undefined ? 503 : this.#refuse(request);
    if (serving === undefined || status !== undefined) {
      this.#reply(response, status ?? 503);
      return;
    }
    this.#pending++;
    let bytes = 0;
    const settle = (): void => {
      this.#pending--;
      this.#pendingBytes -= bytes;
    };
    const body = await this.#read(request, serving, (more) => {
      bytes += more;
      this.#pendingBytes += more;
      return this.#pendingBytes <= this.#maxPendingBytes;
    });
    const content = Buffer.isBuffer(body) ? this.#decode(body) : body;
    if (content === undefined || 'status' in content || serving.stopped.aborted) {
      settle();
      if (content !== undefined) this.#reply(response, 'status' in content ? content.status : 503);
      return;
    }
    const { method = '', url = '', headers } = request;
    const element = { method, url, headers, body: content.value } as HttpRequest<B>;
    const accepting = this.#accept(element, serving, response, settle);
    serving.accepting.add(accepting);
    await accepting;
    serving.accepting.delete(accepting);
  }

  /** Emits a request, and answers it when its time has come. */
  async #accept(
    element: HttpRequest<B>,
    { run, fail }: Serving<HttpRequest<B>>,
    response: ServerResponse,
    settle: () => void,
  ): Promise<void> {
    const acknowledge = (error?: unknown): void => {
      settle();
      this.#reply(response, error === undefined ? 204 : 500);
    };
    try {
      await run.emit(element, { acknowledge });
      if (this.#answer === 'accepted') this.#reply(response, 202);
    } catch (error) {
      // The client has been told. A handler that throws wants the source to fail.
      if (this.node.environment.onError !== undefined) fail(error);
    }
  }

  /** The status with which a request is refused for what its head says. */
  #refuse({ method = '', url = '', headers }: IncomingMessage): number | undefined {
    const path = url.split('?', 1)[0] ?? '';
    if (typeof this.#path === 'string' && path !== this.#path) return 404;
    if (this.#path instanceof RegExp && path.search(this.#path) === -1) return 404;
    if (!this.#methods.includes(method)) return 405;
    if ((headers['content-encoding'] ?? 'identity') !== 'identity') return 415;
    const length = Number(headers['content-length'] ?? 0);
    if (length > this.#maxBody) return 413;
    if (this.#pending >= this.#maxPending) return 503;
    if (this.#pendingBytes + length > this.#maxPendingBytes) return 503;
    return undefined;
  }

  async #read(
    request: IncomingMessage,
    { stopped }: Serving<HttpRequest<B>>,
    grow: (bytes: number) => boolean,
  ): Promise<Buffer | { readonly status: number } | undefined> {
    const { clock } = this.node.environment;
    const refusal = new AbortController();
    const refuse = (status: number) => refusal.abort({ status });
    const timer = clock.setTimeout(() => refuse(408), this.#requestTimeout);
    const onStop = () => refuse(503);
    stopped.addEventListener('abort', onStop);
    try {
      return await readBody(request, { limit: this.#maxBody, grow, signal: refusal.signal });
    } finally {
      clock.clearTimeout(timer);
      stopped.removeEventListener('abort', onStop);
    }
  }

  #decode(body: Buffer): { readonly value: unknown } | { readonly status: number } {
    if (this.#body === 'bytes') return { value: body };
    const text = body.toString('utf8');
    if (this.#body === 'text') return { value: text };
    try {
      return { value: JSON.parse(text) };
    } catch {
      return { status: 400 };
    }
  }

  #reply(response: ServerResponse, status: number): void {
    if (response.headersSent || response.destroyed) return;
    const { req: request } = response;
    const isWhole = request.complete;
    response.statusCode = status;
    if (status === 405) response.setHeader('allow', this.#methods.join(', '));
    if (status === 503) response.setHeader('retry-after', '1');
    // What is left of a body is not read: the connection cannot be used again.
    if (!isWhole || this.#serving === undefined) response.setHeader('connection', 'close');
    response.end(() => {
      if (!isWhole) request.destroy();
    });
  }
}

/** What the requests of one run share. */
interface Serving<T> {
  readonly run: SourceRun<T>;
  readonly fail: (error: unknown) => void;
  /** Aborted when no more are accepted. */
  readonly stopped: AbortSignal;
  /** Requests that the graph has not accepted yet. */
  readonly accepting: Set<Promise<void>>;
}
