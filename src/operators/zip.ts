import { requirePositiveInteger } from '../graph/arguments.ts';
import { gather } from '../graph/delivery.ts';
import { emitWaiting } from '../graph/emit-waiting.ts';
import { concatMetadata, release, retain, type Tag } from '../graph/metadata.ts';
import type { Node } from '../graph/node.ts';
import { defineOperator, type Template } from '../graph/operator.ts';
import { Queue } from '../graph/queue.ts';

/** Options of `zip`. */
export interface ZipOptions {
  /**
   * Elements of one input that may wait for the other inputs before its emitters are held back; at
   * least 1, `Infinity` never holds back. Default: 10.
   */
  readonly maxsize?: number;
}

/** How far one input may run ahead, and the constants to pack. */
export interface ZipParams {
  readonly maxsize: number;
  /** Constants with their positions in what is emitted, ascending. */
  readonly literals: readonly (readonly [position: number, value: unknown])[];
}

/** An input's elements that wait for the other inputs, and who waits for them to be taken. */
export class ZipBuffer {
  readonly queue = new Queue();
  #waiting: (() => void) | undefined;
  #promise: Promise<void> | undefined;
  #emptied: (() => void) | undefined;
  /** What comes in cannot go out any more: an input that it needs has ended. */
  #isOver = false;

  /** Takes out the oldest element, and lets the emitter go on once no more than `maxsize` wait. */
  take(maxsize: number): unknown {
    const value = this.queue.shift();
    if (this.#waiting !== undefined && this.queue.size <= maxsize) this.open();
    if (this.#emptied !== undefined && this.queue.size === 0) this.#emptied();
    return value;
  }

  /** Calls back when the last element has been taken: at once if there is none. */
  whenEmptied(callback: () => void): void {
    if (this.queue.size === 0) callback();
    else this.#emptied = callback;
  }

  /** From now on nothing is held for long: it is let go, and so is whoever waits. */
  giveUp(): void {
    this.#isOver = true;
    this.open();
    for (const tag of this.queue.clear()) release(tag);
  }

  /** Holds elements again. */
  reopen(): void {
    this.#isOver = false;
    this.#emptied = undefined;
  }

  /** A promise for the time when no more than `maxsize` elements wait. */
  wait(): Promise<void> {
    if (this.#isOver) {
      this.giveUp();
      return Promise.resolve();
    }
    this.#promise ??= new Promise((resolve) => {
      this.#waiting = resolve;
    });
    return this.#promise;
  }

  /** Lets everyone go on who waits. */
  open(): void {
    this.#waiting?.();
    this.#waiting = undefined;
    this.#promise = undefined;
  }
}

/** One buffer per input. At least one of them is empty between two emissions. */
export interface ZipState {
  buffers: ZipBuffer[];
  isTracked: boolean;
}

/** Emits arrays of the first elements of all inputs, the second ones, and so on. */
export const zip = defineOperator<ZipParams, ZipState>({
  name: 'zip',
  version: 1,
  ports: true,
  holds: true,
  create: () => ({ buffers: [], isTracked: false }),
  generate: (template) => (template.tag === undefined ? plainText(template) : heldText(template)),
  link(node, send, port) {
    return (value, tag) => {
      const { values, tag: all, accepted } = accept(node, port, value, tag);
      if (values !== undefined) return send(values, all, all);
      return accepted === undefined ? undefined : gather(undefined, accepted);
    };
  },
  track(state) {
    state.isTracked = true;
    for (const { queue } of state.buffers) queue.track();
  },
  connected(node) {
    const buffer = new ZipBuffer();
    node.state.buffers.push(buffer);
    if (node.state.isTracked) buffer.queue.track();
  },
  disconnected(node, port) {
    const [gone] = node.state.buffers.splice(port, 1);
    if (gone !== undefined) abandon(gone);
    if (!node.isDestroyed) drain(node);
  },
  isFull: ({ params, state }, port) =>
    state.buffers[port]!.queue.size >= params.maxsize &&
    state.buffers.some(({ queue }, other) => other !== port && queue.size === 0),
  start({ state }) {
    for (const buffer of state.buffers) buffer.reopen();
  },
  inputEnded({ state }, port) {
    // Once what came by it is taken, nothing from the others finds a counterpart any more.
    state.buffers[port]?.whenEmptied(() => {
      for (const buffer of state.buffers) buffer.giveUp();
    });
  },
  forget({ state }) {
    const held = state.buffers.flatMap(({ queue }) => queue.toTags());
    for (const buffer of state.buffers) {
      buffer.queue.clear();
      buffer.open();
    }
    return held;
  },
  snapshot: (state) => state.buffers.map((buffer) => buffer.queue.toArray()),
  restore(data) {
    const buffers = (data as unknown[][]).map((items) => {
      const buffer = new ZipBuffer();
      for (const item of items) buffer.queue.push(item);
      return buffer;
    });
    return { buffers, isTracked: false };
  },
});

/** Checks the arguments of `zip`. */
export function zipParams(
  options: ZipOptions,
  literals: readonly (readonly [number, unknown])[],
): ZipParams {
  const { maxsize = 10 } = options;
  if (maxsize !== Number.POSITIVE_INFINITY) requirePositiveInteger('zip', 'maxsize', maxsize);
  return { maxsize, literals };
}

function plainText(template: Template<ZipParams, ZipState>): string {
  const { params, state, input, port } = template;
  const own = template.constant(state.buffers[port], 'buffer');
  const others = state.buffers.map((buffer, i) =>
    i === port ? own : template.constant(buffer, 'buffer'),
  );
  const waiting = others.filter((_, i) => i !== port).map((name) => `${name}.queue.size !== 0`);
  const items = others.map((name, i) => (i === port ? input : `${name}.take(${params.maxsize})`));
  for (const [position, value] of params.literals) {
    items.splice(position, 0, template.constant(value, 'literal'));
  }
  return `if (${waiting.join(' && ') || 'true'}) {
${template.emit(`[${items.join(', ')}]`)}
} else {
${own}.queue.push(${input});
if (${own}.queue.size > ${params.maxsize}) ${template.gather(`${own}.wait()`)}
}`;
}

function heldText(template: Template<ZipParams, ZipState>): string {
  const { node, input, port, tag } = template;
  const taken = template.local('taken');
  const values = [template.constant(node, 'node'), String(port), input, String(tag)];
  return `const ${taken} = ${template.constant(accept, 'accept')}(${values.join(', ')});
if (${taken}.values !== undefined) {
${template.emit(`${taken}.values`, { tag: `${taken}.tag`, release: `${taken}.tag` })}
} else if (${taken}.accepted !== undefined) ${template.gather(`${taken}.accepted`)}`;
}

/** What came of an element: a tuple that it completes, or a promise to wait for, or neither. */
interface Taken {
  values?: unknown[];
  tag?: Tag;
  accepted?: Promise<void>;
}

function accept(node: Node<ZipParams, ZipState>, port: number, value: unknown, tag: Tag): Taken {
  const own = node.state.buffers[port]!;
  retain(tag);
  own.queue.push(value, tag);
  const tuple = takeTuple(node);
  if (tuple !== undefined) return tuple;
  return own.queue.size > node.params.maxsize ? { accepted: own.wait() } : {};
}

function takeTuple({ params, state }: Node<ZipParams, ZipState>): Taken | undefined {
  const { buffers } = state;
  if (buffers.length === 0 || buffers.some(({ queue }) => queue.size === 0)) return undefined;
  const tag = concatMetadata(buffers.map(({ queue }) => queue.headTag()));
  const values = buffers.map((buffer) => buffer.take(params.maxsize));
  for (const [position, literal] of params.literals) values.splice(position, 0, literal);
  return { values, tag };
}

/** With an input gone, the others may have whole tuples waiting. */
function drain(node: Node<ZipParams, ZipState>): void {
  for (let tuple = takeTuple(node); tuple !== undefined; tuple = takeTuple(node)) {
    emitWaiting(node, tuple.values, tuple.tag, tuple.tag);
  }
}

function abandon(buffer: ZipBuffer): void {
  buffer.open();
  for (const tag of buffer.queue.toTags()) release(tag);
}
