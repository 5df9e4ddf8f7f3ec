/** Numbers of each message, as the addon packs them. */
const NUMBERS = 5;

/** Headers of a message by name, each with its values in order; one may have none (null). */
export type KafkaHeaders = Readonly<Record<string, readonly (Buffer | null)[]>>;

/** A message as it is packed. */
export interface PackedMessage {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly offset: number;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly headers: KafkaHeaders;
}

const NO_HEADERS: KafkaHeaders = Object.freeze({});

/** Reads the messages of a batch, one after the other; they share its memory. */
export class PackedReader {
  readonly #numbers: Float64Array;
  readonly #bytes: Buffer;
  #index = 0;
  #position = 0;

  constructor(numbers: Float64Array, bytes: Buffer) {
    this.#numbers = numbers;
    this.#bytes = bytes;
  }

  /** How many messages the batch has. */
  get count(): number {
    return this.#numbers.length / NUMBERS;
  }

  /** Whether there is another. */
  get hasNext(): boolean {
    return this.#index < this.#numbers.length;
  }

  /** The next message. */
  next(): PackedMessage {
    const numbers = this.#numbers;
    const i = this.#index;
    this.#index += NUMBERS;
    const key = this.#take(numbers[i + 2]!);
    const value = this.#take(numbers[i + 3]!);
    const length = numbers[i + 4]!;
    const headers = length === 0 ? NO_HEADERS : readHeaders(this.#take(length)!);
    return { key, value, offset: numbers[i]!, timestamp: numbers[i + 1]!, headers };
  }

  #take(length: number): Buffer | null {
    if (length < 0) return null;
    const start = this.#position;
    this.#position += length;
    return this.#bytes.subarray(start, this.#position);
  }
}

function readHeaders(bytes: Buffer): KafkaHeaders {
  const headers: Record<string, (Buffer | null)[]> = Object.create(null);
  let position = 0;
  const take = (): Buffer | null => {
    const length = bytes.readInt32LE(position);
    position += 4;
    if (length < 0) return null;
    position += length;
    return bytes.subarray(position - length, position);
  };
  while (position < bytes.length) {
    const name = String(take());
    const value = take();
    headers[name] ??= [];
    headers[name].push(value);
  }
  return headers;
}

/** A message that is to be packed. */
export interface UnpackedMessage {
  readonly topic: string;
  /** -1: by the key. */
  readonly partition: number;
  /** -1: now. */
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** See {@link packHeaders}. */
  readonly headers: Buffer;
}

/** Messages in one piece, as the addon takes them. */
export function packMessages(messages: readonly UnpackedMessage[]) {
  const topics = new Map<string, number>();
  const topicOf = new Uint32Array(messages.length);
  const numbers = new Float64Array(NUMBERS * messages.length);
  const parts: Buffer[] = [];
  for (const [i, { topic, partition, timestamp, key, value, headers }] of messages.entries()) {
    let index = topics.get(topic);
    if (index === undefined) {
      index = topics.size;
      topics.set(topic, index);
    }
    topicOf[i] = index;
    numbers.set(
      [partition, timestamp, key?.length ?? -1, value?.length ?? -1, headers.length],
      NUMBERS * i,
    );
    if (key !== null) parts.push(key);
    if (value !== null) parts.push(value);
    if (headers.length > 0) parts.push(headers);
  }
  return { topics: [...topics.keys()], topicOf, numbers, bytes: Buffer.concat(parts) };
}

/** Headers in one piece. */
export function packHeaders(headers: Iterable<readonly [string, Buffer | null]>): Buffer {
  const parts: Buffer[] = [];
  for (const [name, value] of headers) {
    const text = Buffer.from(name);
    parts.push(int32(text.length), text, int32(value?.length ?? -1));
    if (value !== null) parts.push(value);
  }
  return Buffer.concat(parts);
}

function int32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32LE(value);
  return bytes;
}
