import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { checkListen, LISTEN_OPTIONS, Listening, type ListenOptions } from '../connect/listen.ts';
import { Turns } from '../connect/turns.ts';
import { Watchdog } from '../connect/watchdog.ts';
import { MillraceError } from '../errors.ts';
import { requireOptions, requirePositiveInteger } from '../graph/arguments.ts';
import { type Duration, parseDuration } from '../time/duration.ts';
import {
  type DelimitedText,
  TEXT_OPTIONS,
  type TextOptions,
  textCutter,
} from './delimited-text.ts';
import { SOURCE_OPTIONS, Source, type SourceOptions, type SourceRun } from './source.ts';

/** Options of {@link fromTcp}. */
export interface TcpOptions extends SourceOptions, TextOptions, ListenOptions {
  /** For TLS: `key` and `cert`, or whatever else `node:tls` takes. Default: none, plain TCP. */
  readonly tls?: TlsOptions;
  /** Clients at one time; further ones are cut off. Default: 1024. */
  readonly maxConnections?: number;
  /**
   * A client that completes no element for so long, while the graph does not hold it back, is cut off;
   * `false` for no limit. Default: 2 minutes.
   */
  readonly idleTimeout?: Duration | false;
}

const TCP_OPTIONS = [
  ...SOURCE_OPTIONS,
  ...TEXT_OPTIONS,
  ...LISTEN_OPTIONS,
  'tls',
  'maxConnections',
  'idleTimeout',
];

/**
 * A TCP server: a source of the lines that its clients send, or of what another delimiter separates.
 *
 * Emits one string per line, with its delimiter; what a client sends after its last delimiter is
 * emitted when it closes. Lines of one client come in order, those of several as they arrive, one at a
 * time: while the graph holds one back, no client is read. What was read and not yet emitted is at most
 * what one read gives for each client (64 KiB) and its unfinished line of `maxLength` (default
 * 1,048,576) characters; see `bytesHeld`. What is complete at a `stop()` is emitted after the next
 * start; clients are cut off.
 *
 * A client that sends a longer line, or none for `idleTimeout`, or that breaks off, is cut off, and
 * `onError` is told (`ERR_TEXT_TOO_LONG`, `ERR_IDLE`, or the system's error); the source goes on. Not
 * being able to listen fails the source with `ERR_LISTEN`.
 *
 * Throws a TypeError or RangeError for a wrong argument.
 *
 * ```ts
 * import assert from 'node:assert/strict';
 * import { connect } from 'node:net';
 * import { fromTcp } from 'millrace';
 *
 * const source = fromTcp({ port: 0 });
 * const seen = source.map((line) => line.trimEnd()).sinkToList();
 * const done = source.start();
 * const { port } = await source.listening();
 *
 * const client = connect(port);
 * client.end('to be\nor not\n');
 * while (seen.length < 2) await new Promise(setImmediate);
 * await source.stop();
 * await done;
 * assert.deepEqual(seen, ['to be', 'or not']);
 * ```
 */
export function fromTcp(options: TcpOptions): TcpSource {
  return new TcpSource(options);
}

/** What {@link fromTcp} returns. */
export class TcpSource extends Source<string> {
  readonly #where: Required<ListenOptions>;
  readonly #tls: TlsOptions | undefined;
  readonly #newText: (atFileStart: boolean) => DelimitedText;
  readonly #maxConnections: number;
  readonly #idleTimeout: number | undefined;
  readonly #listening = new Listening();
  readonly #clients = new Set<Client>();
  /** Lines that were complete when the source was stopped. */
  #left: string[] = [];

  constructor(options: TcpOptions) {
    requireOptions('fromTcp', options, TCP_OPTIONS);
    const { maxConnections = 1024, idleTimeout = '2 minutes', tls } = options;
    const newText = textCutter('fromTcp', options, 1_048_576);
    requirePositiveInteger('fromTcp', 'maxConnections', maxConnections);
    const where = checkListen('fromTcp', options);
    super(options);
    this.#where = where;
    this.#tls = tls;
    this.#newText = newText;
    this.#maxConnections = maxConnections;
    this.#idleTimeout = idleTimeout === false ? undefined : parseDuration(idleTimeout, 'fromTcp');
  }

  /** Resolves with the address, once it listens. */
  listening(): Promise<AddressInfo> {
    return this.#listening.wait();
  }

  /** How many clients are connected. */
  get connections(): number {
    return this.#clients.size;
  }

  /** Characters that were read and not emitted yet, and bytes that wait to be decoded. */
  get bytesHeld(): number {
    let held = this.#left.reduce((sum, line) => sum + line.length, 0);
    for (const { text, socket } of this.#clients) held += text.length + socket.readableLength;
    return held;
  }

  protected override async run(run: SourceRun<string>): Promise<void> {
    if (!(await this.#sendLeft(run))) return;
    let fail = (_error: unknown): void => {};
    const failed = new Promise<never>((_, reject) => {
      fail = reject;
    });
    const serving: Serving = { run, turns: new Turns(), isOver: false };
    const served = new Set<Promise<void>>();
    const server = this.#server((socket) => {
      const one = this.#serve(socket, serving).catch(fail);
      served.add(one);
      void one.then(() => served.delete(one));
    });
    server.on('tlsClientError', (error) => run.report(error));
    try {
      await this.#listening.begin('fromTcp', server, this.#where);
      server.on('error', fail);
      await run.wait(failed);
    } finally {
      serving.isOver = true;
      this.#listening.end();
      server.close();
      for (const { socket } of this.#clients) socket.destroy();
      await Promise.all(served);
    }
  }

  #server(accept: (socket: Socket) => void): Server {
    const server =
      this.#tls === undefined
        ? createServer({ noDelay: true }, accept)
        : createTlsServer({ noDelay: true, ...this.#tls }, accept);
    server.maxConnections = this.#maxConnections;
    return server;
  }

  /** Emits what one client sends; rejects with what the graph fails with, and with that only. */
  async #serve(socket: Socket, serving: Serving): Promise<void> {
    const client: Client = { socket, text: this.#newText(false), watchdog: undefined };
    client.watchdog = this.#watch(client, serving);
    this.#clients.add(client);
    try {
      for await (const chunk of read(socket, serving)) {
        client.text.write(chunk);
        if (!(await this.#sendComplete(client, serving))) return;
      }
      // Of a client that broke off, who knows what is missing.
      const isWhole = socket.readableEnded && !serving.isOver;
      const last = isWhole ? client.text.end() : undefined;
      if (last !== undefined) await serving.run.emit(last);
    } finally {
      client.watchdog?.stop();
      this.#clients.delete(client);
      socket.destroy();
    }
  }

  /** Emits the lines that are complete; false where the client is to be cut off. */
  async #sendComplete({ text, watchdog }: Client, serving: Serving): Promise<boolean> {
    const { run, turns } = serving;
    let line = take(text);
    if (line === undefined) return true;
    watchdog?.hold();
    const turn = turns.take();
    if (turn !== undefined) await turn;
    try {
      for (; typeof line === 'string'; line = take(text)) {
        if (serving.isOver || run.signal.aborted) {
          this.#left.push(line);
          continue;
        }
        const accepted = run.emit(line);
        if (accepted !== undefined) await accepted;
      }
    } catch (error) {
      serving.isOver = true;
      for (let next = take(text); typeof next === 'string'; next = take(text)) {
        this.#left.push(next);
      }
      throw error;
    } finally {
      turns.give();
      watchdog?.resume();
    }
    if (line !== undefined) run.report(line);
    return line === undefined;
  }

  /** Emits what a stop had left; false where the source was stopped again meanwhile. */
  async #sendLeft(run: SourceRun<string>): Promise<boolean> {
    while (this.#left.length > 0 && !run.signal.aborted) await run.emit(this.#left.shift()!);
    return !run.signal.aborted;
  }

  #watch({ socket }: Client, { run }: Serving): Watchdog | undefined {
    const limit = this.#idleTimeout;
    if (limit === undefined) return undefined;
    return new Watchdog(this.node.environment.clock, limit, () => {
      const message = `Cannot read from a client of fromTcp: it completed no element for ${limit} milliseconds`;
      run.report(new MillraceError('ERR_IDLE', message));
      socket.destroy();
    });
  }
}

interface Client {
  readonly socket: Socket;
  readonly text: DelimitedText;
  watchdog: Watchdog | undefined;
}

/** What the clients of one run share. */
interface Serving {
  readonly run: SourceRun<string>;
  readonly turns: Turns;
  /** Nothing more is to be emitted. */
  isOver: boolean;
}

/** What a client sends, to its end; that it broke off is reported. */
async function* read(socket: Socket, serving: Serving): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of socket) yield chunk as Buffer;
  } catch (error) {
    // A socket that was closed on this side ends with an error too, but has none.
    if (socket.errored !== null && !serving.isOver) serving.run.report(error);
  }
}

/** The next text, or why there is none. */
function take(text: DelimitedText): string | MillraceError | undefined {
  try {
    return text.next();
  } catch (error) {
    if (error instanceof MillraceError) return error;
    throw error;
  }
}
