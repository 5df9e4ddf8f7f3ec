import { collectError, type Delivery, join, raise } from './delivery.ts';
import { release, retain, type Tag } from './metadata.ts';
import type { Edge, Emit, EmitMany, Node } from './node.ts';
import type { Receive } from './operator.ts';

/** The compiled functions through which a node's output is reached. */
export interface Entry {
  readonly emit: Emit;
  readonly emitMany: EmitMany;
}

/**
 * The compiled form of one connected graph. It is thrown away as a whole: whatever changes the
 * graph sets `stale`, every entry checks that first, and the next emission compiles anew.
 */
export class Unit {
  stale = false;
  readonly loop: Loop;
  readonly isTracked: boolean;
  readonly members: readonly Node[];
  readonly entries = new Map<Node, Entry>();
  /** Input functions, by port, of the nodes that are reached from outside a running function. */
  readonly receivers = new Map<Node, Receive[]>();
  /** The generated text, or undefined in closure form. */
  text: string | undefined = undefined;

  constructor(members: readonly Node[], isTracked: boolean, loop: Loop) {
    this.members = members;
    this.isTracked = isTracked;
    this.loop = loop;
  }
}

/**
 * The work queue of a graph with cycles. What travels along an edge that closes a cycle waits here
 * until the outermost emission takes it out, so that a loop does not grow the stack. The queue is
 * bounded by what one turn round the loop produces; `slice` or `filter` in the loop ends it.
 */
export class Loop {
  readonly #receive: (edge: Edge, value: unknown, tag: Tag) => Delivery;
  #edges: Edge[] = [];
  #values: unknown[] = [];
  #tags: Tag[] = [];
  #head = 0;
  running = false;

  constructor(receive: (edge: Edge, value: unknown, tag: Tag) => Delivery) {
    this.#receive = receive;
  }

  push(edge: Edge, value: unknown, tag?: Tag): void {
    retain(tag);
    this.#edges.push(edge);
    this.#values.push(value);
    this.#tags.push(tag);
  }

  /** Runs an emission; the outermost one then runs all that it has put into the queue. */
  run(output: Receive, value: unknown, tag?: Tag): Delivery {
    if (this.running) return output(value, tag);
    this.running = true;
    let pending: Delivery;
    let errors: unknown[] | undefined;
    try {
      pending = output(value, tag);
    } catch (error) {
      errors = collectError(errors, error);
    }
    while (this.#head < this.#edges.length) {
      const head = this.#head++;
      const edge = this.#edges[head]!;
      const queued = this.#values[head];
      const queuedTag = this.#tags[head];
      this.#values[head] = undefined;
      if (this.#head === this.#edges.length) this.#clear();
      else if (this.#head === 4096) this.#compact();
      try {
        pending = join(pending, this.#receive(edge, queued, queuedTag));
      } catch (error) {
        errors = collectError(errors, error);
      }
      release(queuedTag);
    }
    this.running = false;
    return errors === undefined ? pending : raise(errors, pending);
  }

  #clear(): void {
    this.#edges.length = 0;
    this.#values.length = 0;
    this.#tags.length = 0;
    this.#head = 0;
  }

  #compact(): void {
    this.#edges = this.#edges.slice(this.#head);
    this.#values = this.#values.slice(this.#head);
    this.#tags = this.#tags.slice(this.#head);
    this.#head = 0;
  }
}
