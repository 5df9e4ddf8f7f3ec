import type { AddressInfo } from 'node:net';
import type { TlsOptions } from 'node:tls';
import type { WebSocket, WebSocketServer } from 'ws';
import { checkListen, LISTEN_OPTIONS, Listening, type ListenOptions } from '../connect/listen.ts';
import {
  checkWebSocketUrl,
  closeWebSocket,
  connectWebSocket,
  type WebSocketClientOptions,
  webSocketServer,
} from '../connect/web-socket.ts';
import { MillraceError } from '../errors.ts';
import {
  describe,
  requireFunction,
  requireOptions,
  requirePositiveInteger,
} from '../graph/arguments.ts';
import type { ErrorPolicy } from '../graph/error-policy.ts';
import { type Clock, systemClock } from '../time/clock.ts';
import {
  type BatchingOptions,
  PartialWriteError,
  Sink,
  type SinkBatch,
  type SinkContext,
} from './batch-sink.ts';

/** What is sent for an element. */
export interface WebSocketFormat<T> {
  /** Makes a text or bytes of an element. Default: those as they are, all else as JSON. */
  readonly format?: (element: T) => string | Uint8Array;
}

/** Options of {@link toWebSocket}. */
export interface WebSocketSinkOptions<T>
  extends Pick<BatchingOptions, 'batch'>,
    WebSocketClientOptions,
    WebSocketFormat<T> {}

/** Options of {@link toWebSocketServer}. */
export interface WebSocketServerSinkOptions<T> extends ListenOptions, WebSocketFormat<T> {
  /** For TLS: `key` and `cert`, or whatever else `node:tls` takes. Default: none. */
  readonly tls?: TlsOptions;
  /** Clients at one time; further ones are cut off. Default: 1024. */
  readonly maxConnections?: number;
  /** The origins of pages that may connect. Default: any, and programs that have none. */
  readonly origins?: readonly string[];
  /** Bytes that may wait for one client; one that is further behind is cut off. Default: 1,048,576. */
  readonly maxBuffered?: number;
}

/**
 * A sink that sends each element as a message to a WebSocket server, for `stream.to`; it passes them on.
 *
 * There is one connection, made with the first element and again when it was lost. An element is
 * acknowledged when the system has taken all of its message: WebSockets have no answers, so what a
 * connection that breaks had under way may be lost. Unless `onError` of its stream says otherwise, what
 * could not be sent is tried again, 5 times in all.
 *
 * Batches, of what comes while the batch before is being sent, default to `{ size: 100 }`. Needs the
 * package `ws` (`ERR_MISSING_PEER`). Errors of a connection are `ERR_CONNECTION`. Throws a TypeError or
 * RangeError for a wrong argument.
 *
 * ```ts
 * import assert from 'node:assert/strict';
 * import { fromWebSocket, Stream, toWebSocket } from 'millrace';
 *
 * const server = fromWebSocket({ port: 0 });
 * const seen = server.sinkToList();
 * const done = server.start();
 * const { port } = await server.listening();
 *
 * const readings = new Stream<{ celsius: number }>();
 * readings.to(toWebSocket(`ws://127.0.0.1:${port}`));
 * readings.emit({ celsius: 21 });
 * await readings.end();
 * while (seen.length < 1) await new Promise(setImmediate);
 * await server.stop();
 * await done;
 * assert.deepEqual(seen, ['{"celsius":21}']);
 * ```
 */
export function toWebSocket<T>(
  url: string | URL,
  options: WebSocketSinkOptions<T> = {},
): WebSocketSink<T> {
  return new WebSocketSink(url, options);
}

/** What {@link toWebSocket} returns. */
export class WebSocketSink<T> extends Sink<T, T, string | Uint8Array> {
  override readonly policy: ErrorPolicy = {
    retry: { attempts: 5, backoff: 200, maxBackoff: '30s', jitter: 0.5 },
  };
  readonly #url: URL;
  readonly #options: WebSocketClientOptions;
  readonly #format: (element: T) => string | Uint8Array;
  #socket: WebSocket | undefined;
  #clock: Clock = systemClock;

  constructor(url: string | URL, options: WebSocketSinkOptions<T> = {}) {
    const parsed = checkWebSocketUrl('toWebSocket', url);
    requireOptions('toWebSocket', options, ['batch', 'headers', 'protocols', 'format']);
    const format = checkFormat('toWebSocket', options.format);
    super('toWebSocket', options, { size: 100 });
    this.#url = parsed;
    this.#options = options;
    this.#format = format;
  }

  override encode(element: T): string | Uint8Array {
    return this.#format(element);
  }

  override async open({ clock, lost }: SinkContext): Promise<void> {
    this.#clock = clock;
    const action = 'write to a WebSocket';
    // What the server says is not asked for, but its pings and its close have to be heard.
    const prepare = (socket: WebSocket): void => {
      socket.on('error', () => undefined).once('close', lost);
    };
    const socket = await connectWebSocket(this.#url, this.#options, 1_048_576, action, prepare);
    this.#socket = socket;
  }

  override async write({ elements }: SinkBatch<string | Uint8Array>): Promise<void> {
    const socket = this.#socket!;
    const sent = await Promise.allSettled(elements.map((element) => send(socket, element)));
    const errors = new Map<number, unknown>();
    for (const [i, { status, ...rest }] of sent.entries()) {
      if (status === 'rejected') errors.set(i, (rest as { reason: unknown }).reason);
    }
    if (errors.size > 0) throw new PartialWriteError(errors);
  }

  override async close(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket !== undefined) await closeWebSocket(socket, this.#clock);
  }
}

/**
 * A sink that is a WebSocket server and sends each element to every client that is connected at that
 * time, for `stream.to`; it passes them on. Where no client is connected an element goes nowhere.
 *
 * It listens from `listening()` or the first element on, and until the end; `stop({ drain: true })` closes
 * it too. A client that reads so slowly that more than `maxBuffered` bytes wait for it is cut off, so that
 * it holds back neither the graph nor the others. Messages of clients are ignored.
 *
 * Needs the package `ws` (`ERR_MISSING_PEER`). Not being able to listen is `ERR_LISTEN`. Throws a
 * TypeError or RangeError for a wrong argument.
 *
 * ```ts
 * import assert from 'node:assert/strict';
 * import { fromWebSocket, Stream, toWebSocketServer } from 'millrace';
 *
 * const server = toWebSocketServer<number>({ port: 0 });
 * const ticks = new Stream<number>();
 * ticks.to(server);
 * const { port } = await server.listening();
 *
 * const client = fromWebSocket(`ws://127.0.0.1:${port}`);
 * const seen = client.sinkToList();
 * const done = client.start();
 * while (server.connections < 1) await new Promise(setImmediate);
 * ticks.emitMany([1, 2]);
 * await ticks.end(); // closes the connections, and so ends the client
 * await done;
 * assert.deepEqual(seen, ['1', '2']);
 * ```
 */
export function toWebSocketServer<T>(
  options: WebSocketServerSinkOptions<T>,
): WebSocketServerSink<T> {
  return new WebSocketServerSink(options);
}

/** What {@link toWebSocketServer} returns. */
export class WebSocketServerSink<T> extends Sink<T, T, string | Uint8Array> {
  readonly #where: Required<ListenOptions>;
  readonly #options: WebSocketServerSinkOptions<T>;
  readonly #format: (element: T) => string | Uint8Array;
  readonly #maxBuffered: number;
  readonly #listening = new Listening();
  #opening: Promise<WebSocketServer> | undefined;
  #connections = 0;
  #clock: Clock = systemClock;

  constructor(options: WebSocketServerSinkOptions<T>) {
    const known = [...LISTEN_OPTIONS, 'tls', 'maxConnections', 'origins', 'maxBuffered', 'format'];
    requireOptions('toWebSocketServer', options, known);
    const { maxConnections = 1024, maxBuffered = 1_048_576 } = options;
    requirePositiveInteger('toWebSocketServer', 'maxConnections', maxConnections);
    requirePositiveInteger('toWebSocketServer', 'maxBuffered', maxBuffered);
    const where = checkListen('toWebSocketServer', options);
    const format = checkFormat('toWebSocketServer', options.format);
    super('toWebSocketServer', {}, { size: 100 });
    this.#where = where;
    this.#options = options;
    this.#format = format;
    this.#maxBuffered = maxBuffered;
  }

  /** How many clients are connected. */
  get connections(): number {
    return this.#connections;
  }

  /** Makes it listen, if it does not yet, and resolves with the address. */
  async listening(): Promise<AddressInfo> {
    this.#opening ??= this.#listen();
    await this.#opening;
    return this.#listening.wait();
  }

  override encode(element: T): string | Uint8Array {
    return this.#format(element);
  }

  override async open({ clock }: SinkContext): Promise<void> {
    this.#clock = clock;
    await this.listening();
  }

  override async write({ elements }: SinkBatch<string | Uint8Array>): Promise<void> {
    const { clients } = await this.#opening!;
    for (const element of elements) {
      for (const socket of clients) {
        if (socket.readyState !== socket.OPEN) continue;
        if (socket.bufferedAmount > this.#maxBuffered) socket.terminate();
        else socket.send(element);
      }
    }
    // Sockets get their turn to send before more comes.
    await new Promise(setImmediate);
  }

  override async close(): Promise<void> {
    const opening = this.#opening;
    this.#opening = undefined;
    const sockets = await opening;
    if (sockets === undefined) return;
    this.#listening.end();
    sockets.close();
    await Promise.all([...sockets.clients].map((socket) => closeWebSocket(socket, this.#clock)));
    const http = sockets.options.server;
    http?.close();
    http?.closeAllConnections();
  }

  async #listen(): Promise<WebSocketServer> {
    const { tls, origins, maxConnections = 1024 } = this.#options;
    const action = 'serve WebSockets';
    try {
      const { http, sockets } = await webSocketServer(tls, { maxPayload: 1024, origins }, action);
      http.maxConnections = maxConnections;
      sockets.on('connection', (socket) => {
        this.#connections++;
        socket.on('error', () => undefined).once('close', () => this.#connections--);
      });
      await this.#listening.begin('toWebSocketServer', http, this.#where);
      return sockets;
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
  }
}

function send(socket: WebSocket, message: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(message, (cause) => {
      if (cause == null) resolve();
      else {
        const text = `Cannot write to a WebSocket: ${cause.message}`;
        reject(new MillraceError('ERR_CONNECTION', text, { cause }));
      }
    });
  });
}

function checkFormat<T>(
  connector: string,
  format: ((element: T) => string | Uint8Array) | undefined,
): (element: T) => string | Uint8Array {
  if (format === undefined) return asJson;
  requireFunction(connector, 'format', format);
  return format;
}

function asJson(element: unknown): string | Uint8Array {
  if (typeof element === 'string' || element instanceof Uint8Array) return element;
  const text: string | undefined = JSON.stringify(element);
  if (text !== undefined) return text;
  throw new TypeError(
    `Cannot send to a WebSocket: an element must be text, bytes or have a JSON form, got ${describe(element)}`,
  );
}
