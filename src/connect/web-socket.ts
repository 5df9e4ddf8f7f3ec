import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { TlsOptions } from 'node:tls';
import type { WebSocket, WebSocketServer } from 'ws';
import { MillraceError } from '../errors.ts';
import { describe } from '../graph/arguments.ts';
import type { Clock, TimerHandle } from '../time/clock.ts';
import { importPeer } from './import-peer.ts';

/** Options of a WebSocket's client. */
export interface WebSocketClientOptions {
  /** Headers of the request, such as credentials. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Subprotocols that are offered. */
  readonly protocols?: readonly string[];
}

/** Checks the address of a WebSocket. */
export function checkWebSocketUrl(connector: string, url: unknown): URL {
  let parsed: URL | undefined;
  try {
    parsed = new URL(url as string | URL);
  } catch {
    // Reported below, with what is wanted.
  }
  if (parsed?.protocol === 'ws:' || parsed?.protocol === 'wss:') return parsed;
  const got = parsed === undefined ? 'no URL' : describe(parsed.protocol);
  throw new TypeError(
    `Cannot create ${connector}: url must begin with ws:// or wss://, got ${got}`,
  );
}

/** How long connecting and closing may take. */
const PATIENCE = 30_000;

/**
 * Connects to a server; rejects with `ERR_CONNECTION`, or `ERR_MISSING_PEER` where the package `ws` is
 * not there. `prepare` gets the socket before anything can come by it, so that no message is missed.
 */
export async function connectWebSocket(
  url: URL,
  { headers = {}, protocols = [] }: WebSocketClientOptions,
  maxPayload: number,
  action: string,
  prepare: (socket: WebSocket) => void,
): Promise<WebSocket> {
  const { WebSocket: Client } = await importPeer(() => import('ws'), 'ws', action);
  const options = { headers, maxPayload, handshakeTimeout: PATIENCE, perMessageDeflate: false };
  const socket = new Client(url, [...protocols], options);
  prepare(socket);
  try {
    await once(socket, 'open');
  } catch (cause) {
    const message = `Cannot ${action}: connecting to ${url.origin}${url.pathname} failed with ${(cause as Error).message}`;
    throw new MillraceError('ERR_CONNECTION', message, { cause });
  }
  return socket;
}

/** Closes a socket, at once where the other side does not answer in time. */
export async function closeWebSocket(socket: WebSocket, clock: Clock): Promise<void> {
  if (socket.readyState === socket.CLOSED) return;
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.on('error', () => undefined);
  // A close cannot be answered by a socket that is not read.
  socket.resume();
  socket.close(1000);
  const timer = clock.setTimeout(() => socket.terminate(), 1000);
  await closed;
  clock.clearTimeout(timer);
}

/** A server for WebSockets, over an HTTP server of its own that does nothing else. */
export async function webSocketServer(
  tls: TlsOptions | undefined,
  options: { readonly maxPayload: number; readonly origins: readonly string[] | undefined },
  action: string,
): Promise<{ readonly http: Server; readonly sockets: WebSocketServer }> {
  const { WebSocketServer: SocketServer } = await importPeer(() => import('ws'), 'ws', action);
  const http = tls === undefined ? createServer() : createTlsServer(tls);
  http.on('request', (_request, response) => {
    response.writeHead(426, { connection: 'close' }).end();
  });
  const { maxPayload, origins } = options;
  const sockets = new SocketServer({
    server: http,
    maxPayload,
    perMessageDeflate: false,
    verifyClient: ({ origin }: { origin: string | undefined }) =>
      origins === undefined || (origin !== undefined && origins.includes(origin)),
  });
  // Those of the HTTP server, which whoever makes it listen sees to.
  sockets.on('error', () => undefined);
  return { http, sockets };
}

/**
 * Asks the other sides of sockets at intervals whether they are still there, and ends those that did not
 * answer the time before.
 */
export class Heartbeat {
  readonly #clock: Clock;
  readonly #interval: number;
  readonly #silent = new Map<WebSocket, boolean>();
  #timer: TimerHandle | undefined;

  constructor(clock: Clock, interval: number) {
    this.#clock = clock;
    this.#interval = interval;
    this.#timer = clock.setTimeout(this.#beat, interval);
  }

  /** Watches a socket until it is closed. */
  watch(socket: WebSocket): void {
    const heard = () => this.#silent.set(socket, false);
    heard();
    socket.on('pong', heard).on('message', heard);
    socket.once('close', () => this.#silent.delete(socket));
  }

  /** Asks no more. */
  stop(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  readonly #beat = (): void => {
    for (const [socket, isSilent] of this.#silent) {
      // One that is held back cannot be heard.
      if (socket.isPaused) continue;
      if (isSilent) {
        socket.terminate();
        continue;
      }
      this.#silent.set(socket, true);
      socket.ping();
    }
    this.#timer = this.#clock.setTimeout(this.#beat, this.#interval);
  };
}
