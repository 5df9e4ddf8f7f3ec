import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { TestProject } from 'vitest/node';
import * as kinds from './kinds.ts';
import { type Place, type ServerKind, ServerProcess } from './test-server.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where the pool of servers listens, on the loopback interface. */
    serverPool: number;
  }
}

/** What a test file asks for: first its server by name, then for what is to happen to it. */
export type Question = { readonly take: string } | { readonly change: 'start' | 'kill' };

/** What the pool says when it is done. */
export interface Answer {
  readonly place?: Place;
  readonly error?: string;
}

/** One server, started when it is first asked for, and whoever waits for it. */
class Shared {
  readonly #kind: ServerKind;
  #server: Promise<ServerProcess> | undefined;
  /** Settles when the one who has it has given it back. */
  #isFree: Promise<unknown> = Promise.resolve();

  constructor(kind: ServerKind) {
    this.#kind = kind;
  }

  /** Waits for the turn, then for the server to run; `givenBack` ends the turn. */
  async take(givenBack: Promise<unknown>): Promise<ServerProcess> {
    const turn = this.#isFree;
    this.#isFree = turn.then(() => givenBack);
    await turn;
    this.#server ??= this.#start();
    const server = await this.#server;
    if (!server.isRunning) await server.start();
    return server;
  }

  async stop(): Promise<void> {
    await (await this.#server)?.stop();
  }

  async #start(): Promise<ServerProcess> {
    try {
      return await ServerProcess.start(this.#kind);
    } catch (error) {
      this.#server = undefined;
      throw error;
    }
  }
}

const shared = new Map(
  Object.values(kinds)
    .filter((kind) => typeof kind === 'object')
    .map((kind): [string, Shared] => [kind.name, new Shared(kind)]),
);

async function serve(socket: Socket): Promise<void> {
  const givenBack = new Promise((resolve) => socket.once('close', resolve));
  socket.on('error', () => undefined);
  let server: ServerProcess | undefined;
  for await (const line of createInterface({ input: socket })) {
    const answer: Answer = await (async () => {
      try {
        const question: Question = JSON.parse(line);
        if ('change' in question) {
          await server?.[question.change]();
          return {};
        }
        server = await shared.get(question.take)?.take(givenBack);
        if (server === undefined) throw new Error(`There is no server ${question.take}`);
        return { place: server.place };
      } catch (error) {
        return { error: String(error) };
      }
    })();
    if (socket.writable) socket.write(`${JSON.stringify(answer)}\n`);
  }
}

function listen(): Promise<Server> {
  return new Promise((resolve, reject) => {
    const pool = createServer((socket) => void serve(socket));
    pool.once('error', reject);
    pool.listen(0, '127.0.0.1', () => resolve(pool));
  });
}

/**
 * Run by vitest once, before the tests. The servers are slow to start, so all files share one of each
 * kind, and take turns with it, as some of them kill it.
 */
export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const pool = await listen();
  provide('serverPool', (pool.address() as { port: number }).port);
  return async () => {
    pool.close();
    await Promise.all([...shared.values()].map((one) => one.stop()));
  };
}
