import type { IPublishPacket, MqttClient } from 'mqtt';
import { Gate } from '../graph/gate.ts';
import { Queue } from '../graph/queue.ts';
import type { Settlement } from './message-source.ts';

/** Tells the client not to acknowledge a message: that is done here, once it has settled. */
const NOT_YET = new Error('the message has not settled');

/**
 * The messages that have come and were not sent downstream, and the ids of those that are to be
 * acknowledged, which the broker keeps across connections of one session.
 */
export class MqttInbox {
  readonly capacity: number;
  /** Opened when a message has come, or the connection is lost. */
  readonly changed = new Gate();
  /** Why no more will come. */
  lost: { readonly reason: unknown } | undefined;
  readonly #inFlight: () => number;
  readonly #waiting = new Queue<IPublishPacket>();
  /** Message ids under way downstream. */
  readonly #held = new Set<number>();
  /** Message ids that have settled while there was no connection. */
  readonly #settled = new Set<number>();
  /** Lets the client read on. */
  #resume: (() => void) | undefined;
  #signOfLife: NodeJS.Timeout | undefined;
  #client: MqttClient | undefined;

  /**
   * @param capacity messages that may wait or be under way
   * @param inFlight how many are under way
   */
  constructor(capacity: number, inFlight: () => number) {
    this.capacity = capacity;
    this.#inFlight = inFlight;
  }

  /** Before a new connection: what was not sent downstream comes again. */
  clear(): void {
    this.#waiting.clear();
    this.#release();
    this.#client = undefined;
    this.lost = undefined;
  }

  /** The connection is up. */
  connect(client: MqttClient, isResumed: boolean): void {
    this.#client = client;
    if (!isResumed) {
      this.#held.clear();
      this.#settled.clear();
    }
    for (const id of this.#settled) this.#acknowledge(id);
    this.#settled.clear();
  }

  /** The connection is about to be closed: nothing more is taken. */
  disconnect(): void {
    this.#waiting.clear();
    this.#release();
    this.#client = undefined;
  }

  /** No more will come on this connection. */
  lose(reason: unknown): void {
    this.lost ??= { reason };
    this.changed.open();
  }

  /** A message has come. `done` lets the client go on with the next. */
  take(packet: IPublishPacket, done: (error?: Error) => void): void {
    const { qos, messageId } = packet;
    const id = qos === 0 ? undefined : messageId;
    const goOn = () => done(id === undefined ? undefined : NOT_YET);
    if (id !== undefined && packet.dup && this.#settled.delete(id)) {
      done();
    } else if (id !== undefined && packet.dup && this.#held.has(id)) {
      // The broker sends again, on a new connection, what is still being worked on here.
      goOn();
    } else {
      this.#waiting.push(packet);
      this.changed.open();
      if (this.#waiting.size + this.#inFlight() < this.capacity) goOn();
      else this.#hold(goOn);
    }
  }

  /** The next message to send downstream. */
  next(): IPublishPacket | undefined {
    if (this.#waiting.size === 0) {
      this.#release();
      return undefined;
    }
    const packet = this.#waiting.shift();
    if (packet.qos > 0) this.#held.add(packet.messageId!);
    return packet;
  }

  settle({ qos, messageId: id }: IPublishPacket, settlement: Settlement): void {
    if (this.#waiting.size + this.#inFlight() < this.capacity) this.#release();
    if (qos === 0 || id === undefined || !this.#held.delete(id)) return;
    if (settlement === 'redeliver') {
      this.lose(new Error('a message has failed, and the session is resumed to get it again'));
    } else if (this.#client === undefined || this.lost !== undefined) {
      this.#settled.add(id);
    } else {
      this.#acknowledge(id);
    }
  }

  /** PUBACK, in each version of the protocol: success. */
  #acknowledge(id: number): void {
    this.#client?.stream.write(Buffer.from([0x40, 2, id >> 8, id & 0xff]));
  }

  /** Keeps the client from reading on; meanwhile it would take the broker for dead. */
  #hold(goOn: () => void): void {
    this.#resume = goOn;
    const client = this.#client;
    const seconds = client?.options.keepalive ?? 0;
    if (client === undefined || seconds === 0) return;
    this.#signOfLife = setInterval(() => {
      client.sendPing();
      client.reschedulePing(true);
    }, seconds * 500);
    this.#signOfLife.unref();
  }

  #release(): void {
    const resume = this.#resume;
    this.#resume = undefined;
    clearInterval(this.#signOfLife);
    resume?.();
  }
}
