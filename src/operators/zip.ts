import { requireOptions, requirePositiveInteger } from '../graph/arguments.ts';
import { BYTE_LIMIT, type ByteLimit, byteLimit } from '../graph/byte-limit.ts';
import type { Bound } from '../graph/credits.ts';
import { gather } from '../graph/delivery.ts';
import { emitWaiting } from '../graph/emit-waiting.ts';
import { Gate } from '../graph/gate.ts';
import { concatMetadata, release, retain, type Tag } from '../graph/metadata.ts';
import type { Node } from '../graph/node.ts';
import { defineOperator, type Template } from '../graph/operator.ts';
import { Queue } from '../graph/queue.ts';

/** Options of `zip`. */
export interface ZipOptions extends ByteLimit {
  /**
   * Elements of one input that may wait for the other inputs before its emitters are held back; at
   * least 1, `Infinity` never holds back. Default: 10.
   */
  readonly maxsize?: number;
}

/** How far one input may run ahead, and the constants to pack. */
export interface ZipParams {
  readonly bound: Bound;
  /** Constants with their positions in what is emitted, ascending. */
  readonly literals: readonly (readonly [position: number, value: unknown])[];
}

/** An input's elements that wait for the other inputs, and who waits for them to be taken. */
export class ZipBuffer {
  readonly queue = new Queue();
  readonly #bound: Bound;
  readonly #room = new Gate();
  /** Bytes of the elements, where they count. */
  readonly #sizes: Queue<number> | undefined;
  #bytes = 0;
  #last = 0;
  #emptied: (() => void) | undefined;
  /** Whether there is more to do than to take an element out. */
  #isWatched: boolean;
  /** What comes in cannot go out any more: an input that it needs has ended. */
  #isOver = false;

  constructor(bound: Bound) {
    this.#bound = bound;
    this.#sizes = bound.bytes === undefined ? undefined : new Queue();
    this.#isWatched = this.#sizes !== undefined;
  }

  /** Whether the next element would have to wait. */
  get isFull(): boolean {
    if (this.queue.size >= this.#bound.elements) return true;
    return this.#bound.bytes !== undefined && this.#bytes >= this.#bound.bytes.maxBytes;
  }

  /** Keeps an element; gives a promise to wait for where there was no room for it. */
  hold(value: unknown, tag: Tag): Promise<void> | undefined {
    const bytes = this.#bound.bytes === undefined ? 0 : this.#bound.bytes.measure(value);
    const { isFull } = this;
    retain(tag);
    this.queue.push(value, tag);
    this.#sizes?.push(bytes);
    this.#bytes += bytes;
    this.#last = bytes;
    return isFull ? this.wait() : undefined;
  }

  /** Takes out the oldest element, and lets emitters go on once there is room for all that is held. */
  take(): unknown {
    const value = this.queue.shift();
    if (this.#isWatched) this.#taken();
    return value;
  }

  /** Calls back when the last element has been taken: at once if there is none. */
  whenEmptied(callback: () => void): void {
    if (this.queue.size === 0) callback();
    else {
      this.#emptied = callback;
      this.#isWatched = true;
    }
  }

  /** From now on nothing is held for long: it is let go, and so is whoever waits. */
  giveUp(): void {
    this.#isOver = true;
    for (const tag of this.clear()) release(tag);
  }

  /** Holds elements again. */
  reopen(): void {
    this.#isOver = false;
    this.#emptied = undefined;
  }

  /** Forgets all elements and lets everyone go on who waits; gives the metadata. */
  clear(): Tag[] {
    const tags = this.queue.clear();
    this.#sizes?.clear();
    this.#bytes = 0;
    this.#room.open();
    return tags;
  }

  /** Who brought the last element waits until there is room for all that is held. */
  wait(): Promise<void> {
    if (this.#isOver) {
      this.giveUp();
      return Promise.resolve();
    }
    this.#isWatched = true;
    return this.#room.wait();
  }

  #taken(): void {
    if (this.#sizes !== undefined) this.#bytes -= this.#sizes.shift();
    if (this.#room.isAwaited && this.#fits()) this.#room.open();
    if (this.#emptied !== undefined && this.queue.size === 0) this.#emptied();
    this.#isWatched =
      this.#sizes !== undefined || this.#emptied !== undefined || this.#room.isAwaited;
  }

  /** Whether all elements have a place: the last one came before the buffer was full. */
  #fits(): boolean {
    const { elements, bytes } = this.#bound;
    if (this.queue.size > elements) return false;
    return bytes === undefined || this.#bytes - this.#last < bytes.maxBytes;
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
    const buffer = new ZipBuffer(node.params.bound);
    node.state.buffers.push(buffer);
    if (node.state.isTracked) buffer.queue.track();
  },
  disconnected(node, port) {
    const [gone] = node.state.buffers.splice(port, 1);
    for (const tag of gone?.clear() ?? []) release(tag);
    if (!node.isDestroyed) drain(node);
  },
  isFull: ({ state }, port) =>
    state.buffers[port]!.isFull &&
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
    return state.buffers.flatMap((buffer) => buffer.clear());
  },
  snapshot: (state) => state.buffers.map((buffer) => buffer.queue.toArray()),
  restore(data, { bound }) {
    const buffers = (data as unknown[][]).map((items) => {
      const buffer = new ZipBuffer(bound);
      for (const item of items) buffer.hold(item, undefined);
      return buffer;
    });
    return { buffers, isTracked: false };
  },
});

/** The names of {@link ZipOptions}. */
export const ZIP_OPTIONS: readonly string[] = ['maxsize', ...BYTE_LIMIT];

/** Checks the arguments of `zip`. */
export function zipParams(
  options: ZipOptions,
  literals: readonly (readonly [number, unknown])[],
): ZipParams {
  return { bound: joinBound('zip', options), literals };
}

/** Checks how much an input of a join may hold. */
export function joinBound(operator: string, options: ZipOptions): Bound {
  requireOptions(operator, options, ZIP_OPTIONS);
  const { maxsize = 10 } = options;
  if (maxsize !== Number.POSITIVE_INFINITY) requirePositiveInteger(operator, 'maxsize', maxsize);
  return { elements: maxsize, bytes: byteLimit(operator, options) };
}

function plainText(template: Template<ZipParams, ZipState>): string {
  const { params, state, input, port } = template;
  const own = template.constant(state.buffers[port], 'buffer');
  const others = state.buffers.map((buffer, i) =>
    i === port ? own : template.constant(buffer, 'buffer'),
  );
  const waiting = others.filter((_, i) => i !== port).map((name) => `${name}.queue.size !== 0`);
  const items = others.map((name, i) => (i === port ? input : `${name}.take()`));
  for (const [position, value] of params.literals) {
    items.splice(position, 0, template.constant(value, 'literal'));
  }
  return `if (${waiting.join(' && ') || 'true'}) {
${template.emit(`[${items.join(', ')}]`)}
} else {
${holdText(template, own)}
}`;
}

/** What waits is kept; without a limit in bytes that is done in place. */
function holdText(template: Template<ZipParams, ZipState>, own: string): string {
  const { input, params } = template;
  if (params.bound.bytes === undefined) {
    return `${own}.queue.push(${input});
if (${own}.queue.size > ${params.bound.elements}) ${template.gather(`${own}.wait()`)}`;
  }
  const accepted = template.local('accepted');
  return `const ${accepted} = ${own}.hold(${input}, undefined);
if (${accepted} !== undefined) ${template.gather(accepted)}`;
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
  const { buffers } = node.state;
  if (buffers.some(({ queue }, other) => other !== port && queue.size === 0)) {
    const accepted = buffers[port]!.hold(value, tag);
    return accepted === undefined ? {} : { accepted };
  }
  // Its own buffer is empty, then: the element goes out without having been held.
  retain(tag);
  const tags = buffers.map(({ queue }, other) => (other === port ? tag : queue.headTag()));
  const values = buffers.map((buffer, other) => (other === port ? value : buffer.take()));
  return tupleOf(node.params, values, concatMetadata(tags));
}

function takeTuple({ params, state }: Node<ZipParams, ZipState>): Taken | undefined {
  const { buffers } = state;
  if (buffers.length === 0 || buffers.some(({ queue }) => queue.size === 0)) return undefined;
  const tag = concatMetadata(buffers.map(({ queue }) => queue.headTag()));
  return tupleOf(
    params,
    buffers.map((buffer) => buffer.take()),
    tag,
  );
}

function tupleOf({ literals }: ZipParams, values: unknown[], tag: Tag): Taken {
  for (const [position, literal] of literals) values.splice(position, 0, literal);
  return { values, tag };
}

/** With an input gone, the others may have whole tuples waiting. */
function drain(node: Node<ZipParams, ZipState>): void {
  for (let tuple = takeTuple(node); tuple !== undefined; tuple = takeTuple(node)) {
    emitWaiting(node, tuple.values, tuple.tag, tuple.tag);
  }
}
