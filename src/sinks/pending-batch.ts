import { randomUUID } from 'node:crypto';
import type { Tag } from '../graph/metadata.ts';
import type { SinkBatch } from './batch-sink.ts';

/** An element that a sink has accepted. */
export interface SinkEntry {
  readonly value: unknown;
  readonly encoded: unknown;
  readonly tag: Tag;
  readonly bytes: number;
  /** Why the last attempt left it out, where it wrote others of its batch. */
  error?: unknown;
}

const PROCESS_ID = randomUUID();
let lastBatch = 0;

/** Elements that are to be written together, and how often that was tried. */
export class PendingBatch {
  #entries: SinkEntry[] = [];
  #bytes = 0;
  #id = newId();
  #attempts = 0;
  #current: AbortController | undefined;
  /** When its first element came. */
  readonly since: number;

  constructor(since: number) {
    this.since = since;
  }

  get entries(): readonly SinkEntry[] {
    return this.#entries;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(entry: SinkEntry): void {
    this.#entries.push(entry);
    this.#bytes += entry.bytes;
  }

  /** Begins an attempt at what is left in it, and gives up the one before. */
  begin(): SinkBatch<unknown> {
    this.#current?.abort();
    const controller = new AbortController();
    this.#current = controller;
    return {
      elements: this.#entries.map(({ encoded }) => encoded),
      id: this.#id,
      attempt: ++this.#attempts,
      signal: controller.signal,
    };
  }

  /** Whether the outcome of an attempt still matters. */
  isCurrent({ signal }: SinkBatch<unknown>): boolean {
    return this.#current?.signal === signal && !signal.aborted;
  }

  /** Only these are still to be written: another batch, as far as the other side can see. */
  keep(entries: SinkEntry[]): void {
    if (entries.length < this.#entries.length) this.#id = newId();
    this.#entries = entries;
  }

  /** Takes everything out; an attempt that is under way is given up. */
  takeAll(): readonly SinkEntry[] {
    this.#current?.abort();
    const entries = this.#entries;
    this.#entries = [];
    return entries;
  }

  /** Takes everything out as two batches; undefined where there is but one element. */
  halve(): readonly PendingBatch[] | undefined {
    if (this.#entries.length < 2) return undefined;
    const entries = this.takeAll();
    const middle = Math.ceil(entries.length / 2);
    return [entries.slice(0, middle), entries.slice(middle)].map((half) => {
      const batch = new PendingBatch(this.since);
      for (const entry of half) batch.add(entry);
      return batch;
    });
  }
}

function newId(): string {
  return `${PROCESS_ID}-${++lastBatch}`;
}
