import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { inject } from 'vitest';
import type { Answer, Question } from './server-pool.ts';
import type { Place, ServerKind, TestServer } from './test-server.ts';

/** A server of the pool, while it is this file's turn. */
export class LeasedServer implements TestServer {
  readonly place: Place;
  readonly #kind: ServerKind;
  readonly #pool: Connection;

  private constructor(kind: ServerKind, place: Place, pool: Connection) {
    this.#kind = kind;
    this.place = place;
    this.#pool = pool;
  }

  /** Waits for the turn, and for the server to answer. */
  static async take(kind: ServerKind): Promise<LeasedServer> {
    const pool = new Connection(connect(inject('serverPool'), '127.0.0.1'));
    try {
      const { place } = await pool.ask({ take: kind.name });
      return new LeasedServer(kind, place!, pool);
    } catch (error) {
      pool.close();
      throw error;
    }
  }

  get url(): string {
    return this.#kind.url(this.place);
  }

  get port(): number {
    return this.place.port;
  }

  async start(): Promise<void> {
    await this.#pool.ask({ change: 'start' });
  }

  async kill(): Promise<void> {
    await this.#pool.ask({ change: 'kill' });
  }

  /** The next file may have it. */
  giveBack(): void {
    this.#pool.close();
  }
}

/** Asks the pool one question after the other. */
class Connection {
  readonly #socket: Socket;
  readonly #answers: AsyncIterator<string>;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#answers = createInterface({ input: socket })[Symbol.asyncIterator]();
  }

  async ask(question: Question): Promise<Answer> {
    this.#socket.write(`${JSON.stringify(question)}\n`);
    const { value, done } = await this.#answers.next();
    const answer: Answer = done ? { error: 'The pool of servers is gone' } : JSON.parse(value);
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer;
  }

  close(): void {
    this.#socket.destroy();
  }
}
