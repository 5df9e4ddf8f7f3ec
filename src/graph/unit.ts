import { collectError, type Delivery, join, raise } from './delivery.ts';
import { sendHeld } from './entry.ts';
import { retain, type Tag } from './metadata.ts';
import type { Edge, Emit, EmitMany, Node } from './node.ts';
import type { Receive } from './operator.ts';
import { Queue } from './queue.ts';

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
  readonly #edges = new Queue<Edge>();
  readonly #values = new Queue();
  running = false;

  constructor(receive: (edge: Edge, value: unknown, tag: Tag) => Delivery) {
    this.#receive = receive;
    this.#values.track();
  }

  push(edge: Edge, value: unknown, tag?: Tag): void {
    retain(tag);
    this.#edges.push(edge);
    this.#values.push(value, tag);
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
    while (this.#edges.size > 0) {
      try {
        pending = join(pending, this.#next());
      } catch (error) {
        errors = collectError(errors, error);
      }
    }
    this.running = false;
    return errors === undefined ? pending : raise(errors, pending);
  }

  #next(): Delivery {
    const edge = this.#edges.shift();
    const tag = this.#values.headTag();
    const value = this.#values.shift();
    if (tag === undefined) return this.#receive(edge, value, undefined);
    // Whoever emitted it may be done already: it is held until what it did here has settled.
    return sendHeld((x, held) => this.#receive(edge, x, held), value, tag, tag);
  }
}
