import { describe } from '../graph/arguments.ts';
import { createNode } from '../graph/compile.ts';
import { type Delivery, gather, isThenable, join, raise } from '../graph/delivery.ts';
import type { Tag } from '../graph/metadata.ts';
import { defineOperator, type Send } from '../graph/operator.ts';
import { Stream } from '../stream.ts';

/** One element on its way through a {@link CustomNode}. */
interface Visit {
  readonly send: Send;
  readonly tag: Tag;
  delivery: Delivery;
}

/** What the operator calls; bound once the object it belongs to exists. */
interface Receiver {
  receive(value: unknown, tag: Tag, send: Send): Delivery;
}

const custom = (name: string) =>
  defineOperator<Receiver, undefined>({
    name,
    version: 1,
    calls: 3,
    create: () => undefined,
    link: ({ params }, send) => {
      return (value, tag) => params.receive(value, tag, send);
    },
  });

/**
 * A node of your own: subclass it, and say in {@link CustomNode.update} what happens with each
 * element. Made with `new`, or through a method after `Stream.registerApi`. It can do all that a
 * stream can; inside a compiled graph it is called as a function.
 *
 * ```ts
 * import assert from 'node:assert/strict';
 * import { CustomNode, Stream } from 'millrace';
 *
 * class Pairs<T> extends CustomNode<T, readonly [T, T]> {
 *   #last: T | undefined;
 *
 *   protected override update(x: T): void {
 *     if (this.#last !== undefined) this.push([this.#last, x]);
 *     this.#last = x;
 *   }
 * }
 *
 * const source = new Stream<number>();
 * const pairs = new Pairs(source).sinkToList();
 * source.emitMany([1, 2, 3]);
 * assert.deepEqual(pairs, [[1, 2], [2, 3]]);
 * ```
 */
export abstract class CustomNode<In, Out> extends Stream<Out> {
  #visit: Visit | undefined;

  /**
   * `upstream`: the stream or streams that feed the node. `name`: what drawings and errors call it;
   * by default the class' name.
   */
  constructor(upstream: Stream<In> | readonly Stream<In>[], name?: string) {
    const receiver: Receiver = { receive: () => undefined };
    const upstreams = upstream instanceof Stream ? [upstream] : upstream;
    if (!Array.isArray(upstreams) || !upstreams.every((one) => one instanceof Stream)) {
      throw new TypeError(
        `Cannot create ${new.target.name}: a Stream or an array of them must feed it, got ${describe(upstream)}`,
      );
    }
    super(
      createNode(
        custom(name ?? new.target.name),
        receiver,
        upstreams.map(({ node }) => node),
      ),
    );
    receiver.receive = (value, tag, send) => this.#receive(value as In, tag, send);
  }

  /**
   * Called with each element. Call {@link CustomNode.push} for what is to go on, as often as wanted.
   * A promise holds the emitter back until it has settled; what is thrown reaches the emitter.
   */
  protected abstract update(x: In): unknown;

  /**
   * Sends a value downstream, at once. Outside of `update` there is no emitter to hold back: the
   * promise, if there is one, is then the caller's to wait for.
   */
  protected push(value: Out): Promise<void> | undefined {
    const visit = this.#visit;
    if (visit === undefined) return this.emit(value);
    visit.delivery = join(visit.delivery, visit.send(value, visit.tag));
    return undefined;
  }

  #receive(value: In, tag: Tag, send: Send): Delivery {
    const outer = this.#visit;
    const visit: Visit = { send, tag, delivery: undefined };
    this.#visit = visit;
    try {
      const result = this.update(value);
      return isThenable(result) ? gather(visit.delivery, result) : visit.delivery;
    } catch (error) {
      // What it had sent before goes on, and is waited for.
      return raise([error], visit.delivery);
    } finally {
      this.#visit = outer;
    }
  }
}
