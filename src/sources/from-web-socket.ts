import type { AddressInfo } from 'node:net';
import type { TlsOptions } from 'node:tls';
import type { RawData, WebSocket } from 'ws';
import { Backoff, type ReconnectOptions } from '../connect/backoff.ts';
import { checkListen, LISTEN_OPTIONS, Listening, type ListenOptions } from '../connect/listen.ts';
import { reconnecting, type Session } from '../connect/reconnect.ts';
import {
  checkWebSocketUrl,
  closeWebSocket,
  connectWebSocket,
  Heartbeat,
  type WebSocketClientOptions,
  webSocketServer,
} from '../connect/web-socket.ts';
import { MillraceError } from '../errors.ts';
import { requireOptions, requirePositiveInteger } from '../graph/arguments.ts';
import { Gate } from '../graph/gate.ts';
import { Queue } from '../graph/queue.ts';
import { requireInterval } from '../operators/ticker.ts';
import type { Duration } from '../time/duration.ts';
import { SOURCE_OPTIONS, Source, type SourceOptions, type SourceRun } from './source.ts';

/** What a WebSocket carries: text, or bytes. */
export type WebSocketMessage = string | Buffer;

/** Options of either side of a WebSocket that is read. */
export interface WebSocketReadOptions extends SourceOptions {
  /** Most bytes of a message; a larger one ends its connection. Default: 1,048,576. */
  readonly maxPayload?: number;
  /** How often the other side is asked whether it is there (ping). Default: 30 s. */
  readonly pingInterval?: Duration;
}

/** Options of {@link fromWebSocket} with a URL. */
export interface WebSocketOptions extends WebSocketReadOptions, WebSocketClientOptions {
  /** When a connection that was lost is tried again. */
  readonly reconnect?: ReconnectOptions;
}

/** Options of {@link fromWebSocket} with a port: a server. */
export interface WebSocketServerOptions extends WebSocketReadOptions, ListenOptions {
  /** For TLS: `key` and `cert`, or whatever else `node:tls` takes. Default: none. */
  readonly tls?: TlsOptions;
  /** Clients at one time; further ones are cut off. Default: 1024. */
  readonly maxConnections?: number;
  /** The origins of pages that may connect. Default: any, and programs that have none. */
  readonly origins?: readonly string[];
}

const READ_OPTIONS = [...SOURCE_OPTIONS, 'maxPayload', 'pingInterval'];
const CLIENT_OPTIONS = [...READ_OPTIONS, 'headers', 'protocols', 'reconnect'];
const SERVER_OPTIONS = [...READ_OPTIONS, ...LISTEN_OPTIONS, 'tls', 'maxConnections', 'origins'];

/** Bytes and messages that may wait before nothing more is read. */
const HIGH_WATER = 65_536;
const MOST_WAITING = 256;
/** What a message counts for beside its content. */
const OVERHEAD = 64;

/**
 * A source of the messages of a WebSocket: with a URL those that a server sends, with a `port` those that
 * the clients of a server of its own send. Emits strings for text and Buffers for bytes.
 *
 * A client connects at `start()` and again, after a wait, whenever the connection is lost; it ends when
 * the server closes it normally (1000). A server runs until it is stopped. While the graph holds it back
 * no socket is read: what waits is at most 64 KiB or 256 messages, one message of `maxPayload`, and what
 * one read gives for each socket; see `bytesHeld`. What waits at a stop is emitted after the next start.
 *
 * `onError` is told of connections that are lost and clients that break the protocol; the source goes on.
 * A client fails with `ERR_CONNECTION` once its `reconnect.attempts` are used up, a server that cannot
 * listen with `ERR_LISTEN`. Needs the package `ws` (`ERR_MISSING_PEER`). Throws a TypeError or RangeError
 * for a wrong argument.
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
 * const words = new Stream<string>();
 * words.to(toWebSocket(`ws://127.0.0.1:${port}`));
 * words.emitMany(['to', 'be']);
 * await words.end();
 * while (seen.length < 2) await new Promise(setImmediate);
 * await server.stop();
 * await done;
 * assert.deepEqual(seen, ['to', 'be']);
 * ```
 */
export function fromWebSocket(url: string | URL, options?: WebSocketOptions): WebSocketSource;
export function fromWebSocket(options: WebSocketServerOptions): WebSocketServerSource;
export function fromWebSocket(
  from: string | URL | WebSocketServerOptions,
  options: WebSocketOptions = {},
): WebSocketSource | WebSocketServerSource {
  if (typeof from === 'object' && !(from instanceof URL)) return new WebSocketServerSource(from);
  return new WebSocketSource(from, options);
}

/** What both sides have in common: messages that wait for the graph, in bounded number. */
abstract class MessageSource extends Source<WebSocketMessage> {
  protected readonly maxPayload: number;
  protected readonly pingInterval: number;
  readonly #messages = new Queue<WebSocketMessage>();
  readonly #paused = new Set<WebSocket>();
  readonly #changed = new Gate();
  #bytes = 0;

  constructor(options: WebSocketReadOptions) {
    const { maxPayload = 1_048_576, pingInterval = '30s' } = options;
    requirePositiveInteger('fromWebSocket', 'maxPayload', maxPayload);
    const interval = requireInterval('fromWebSocket', pingInterval);
    super(options);
    this.maxPayload = maxPayload;
    this.pingInterval = interval;
  }

  /** Bytes of messages that were read and not emitted yet; each counts for 64 more. */
  get bytesHeld(): number {
    return this.#bytes;
  }

  /** Takes in what a socket receives; it may have been paused. */
  protected receive(socket: WebSocket): void {
    socket.on('message', (data, isBinary) => {
      const message = isBinary ? bytesOf(data) : data.toString();
      this.#messages.push(message);
      this.#bytes += Buffer.byteLength(message) + OVERHEAD;
      if (this.#bytes > HIGH_WATER || this.#messages.size > MOST_WAITING) {
        socket.pause();
        this.#paused.add(socket);
      }
      this.#changed.open();
    });
    socket.once('close', () => {
      this.#paused.delete(socket);
      this.#changed.open();
    });
  }

  /** Emits what comes in, until `isOver` and nothing waits, or the source is stopped. */
  protected async sendMessages(
    run: SourceRun<WebSocketMessage>,
    isOver: () => boolean,
  ): Promise<void> {
    while (!run.signal.aborted) {
      if (this.#messages.size > 0) {
        const message = this.#messages.shift();
        this.#bytes -= Buffer.byteLength(message) + OVERHEAD;
        const accepted = run.emit(message);
        if (accepted !== undefined) await accepted;
        continue;
      }
      for (const socket of this.#paused) socket.resume();
      this.#paused.clear();
      if (isOver()) return;
      await run.wait(this.#changed.wait());
    }
  }
}

/** What {@link fromWebSocket} returns for a URL. */
export class WebSocketSource extends MessageSource {
  readonly #url: URL;
  readonly #options: WebSocketClientOptions;
  readonly #backoff: Backoff;

  constructor(url: string | URL, options: WebSocketOptions = {}) {
    const parsed = checkWebSocketUrl('fromWebSocket', url);
    requireOptions('fromWebSocket', options, CLIENT_OPTIONS);
    const backoff = new Backoff('fromWebSocket', options.reconnect);
    super(options);
    this.#url = parsed;
    this.#options = options;
    this.#backoff = backoff;
  }

  protected override run(run: SourceRun<WebSocketMessage>): Promise<void> {
    this.#backoff.reset();
    return reconnecting(run, this.#backoff, (session) => this.#session(session));
  }

  async #session(session: Session<WebSocketMessage>): Promise<void> {
    const action = 'read from a WebSocket';
    const { clock } = this.node.environment;
    let code: number | undefined;
    let cause: unknown;
    const prepare = (one: WebSocket): void => {
      one.on('error', (error) => {
        cause = error;
      });
      one.once('close', (given) => {
        code = given;
      });
      this.receive(one);
    };
    let socket: WebSocket;
    try {
      socket = await connectWebSocket(this.#url, this.#options, this.maxPayload, action, prepare);
    } catch (error) {
      if (error instanceof MillraceError && error.code === 'ERR_MISSING_PEER') {
        return session.fatal(error);
      }
      session.report(error);
      throw error;
    }
    session.connected();
    const heartbeat = new Heartbeat(clock, this.pingInterval);
    heartbeat.watch(socket);
    try {
      await this.sendMessages(session, () => code !== undefined);
    } finally {
      heartbeat.stop();
      await closeWebSocket(socket, clock);
    }
    if (session.signal.aborted || code === 1000) return;
    const message = `Cannot ${action}: the connection to ${this.#url.origin}${this.#url.pathname} was lost (${code})`;
    const lost = new MillraceError('ERR_CONNECTION', message, { cause });
    session.report(lost);
    throw lost;
  }
}

/** What {@link fromWebSocket} returns for a port. */
export class WebSocketServerSource extends MessageSource {
  readonly #where: Required<ListenOptions>;
  readonly #tls: TlsOptions | undefined;
  readonly #maxConnections: number;
  readonly #origins: readonly string[] | undefined;
  readonly #listening = new Listening();
  #connections = 0;

  constructor(options: WebSocketServerOptions) {
    requireOptions('fromWebSocket', options, SERVER_OPTIONS);
    const { tls, maxConnections = 1024, origins } = options;
    requirePositiveInteger('fromWebSocket', 'maxConnections', maxConnections);
    const where = checkListen('fromWebSocket', options);
    super(options);
    this.#where = where;
    this.#tls = tls;
    this.#maxConnections = maxConnections;
    this.#origins = origins;
  }

  /** Resolves with the address, once it listens. */
  listening(): Promise<AddressInfo> {
    return this.#listening.wait();
  }

  /** How many clients are connected. */
  get connections(): number {
    return this.#connections;
  }

  protected override async run(run: SourceRun<WebSocketMessage>): Promise<void> {
    const { clock } = this.node.environment;
    const { http, sockets } = await webSocketServer(
      this.#tls,
      { maxPayload: this.maxPayload, origins: this.#origins },
      'serve WebSockets',
    );
    http.maxConnections = this.#maxConnections;
    const heartbeat = new Heartbeat(clock, this.pingInterval);
    sockets.on('connection', (socket) => {
      this.#connections++;
      socket.on('error', (error) => run.report(error));
      socket.once('close', () => this.#connections--);
      heartbeat.watch(socket);
      this.receive(socket);
    });
    try {
      await this.#listening.begin('fromWebSocket', http, this.#where);
      await this.sendMessages(run, () => false);
    } finally {
      this.#listening.end();
      heartbeat.stop();
      sockets.close();
      http.close();
      http.closeIdleConnections();
      await Promise.all([...sockets.clients].map((socket) => closeWebSocket(socket, clock)));
      http.closeAllConnections();
    }
  }
}

function bytesOf(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}
