import type { Delivery } from './delivery.ts';
import type { Tag } from './metadata.ts';
import type { Node } from './node.ts';

/** Sends a value out of a node. `release` is let go once this delivery has settled. */
export type Send = (value: unknown, tag?: Tag, release?: Tag) => Delivery;

/** Takes a value into a node, with its metadata when the graph is tracked. */
export type Receive = (value: unknown, tag: Tag) => Delivery;

/** Metadata of what a template emits; read in the tracked variant only. */
export interface Held {
  /** Expression of the metadata that goes with the value; by default that of the input. */
  readonly tag?: string;
  /** Expression of the metadata that the node lets go once this delivery has settled. */
  readonly release?: string;
}

/**
 * What an operator's template sees while its text is generated. Every name in the text comes from
 * `input`, `constant` and `local`; nothing that a user supplied is ever written into it.
 */
export interface Template<P, S> {
  readonly node: Node<P, S>;
  readonly params: P;
  readonly state: S;
  /** Identifier that holds the arriving element; may be repeated. */
  readonly input: string;
  /** Input port by which the element arrives; 0 unless the operator has `ports`. */
  readonly port: number;
  /** In the tracked variant an identifier that holds the element's metadata, else undefined. */
  readonly tag: string | undefined;
  /** Identifier bound to a value of ours: a callback, a state object, a helper. */
  constant(value: unknown, hint: string): string;
  /** A fresh name for a local variable. */
  local(hint: string): string;
  /**
   * Statements that send an expression's value downstream. To be used at exactly one place in the
   * text (it may be in a loop); where more are needed, use `send` at all of them.
   */
  emit(expression: string, held?: Held): string;
  /** As `emit`, through a function shared by all the places. */
  send(expression: string, held?: Held): string;
  /** Statement that adds a promise to what the emission waits for. */
  gather(expression: string): string;
  /** Statement that adds a callback's result to it, if that is a promise. */
  gatherResult(identifier: string): string;
  /** Statements, run with every error they throw kept in `errors` until `raise`. */
  attempt(errors: string, statements: string): string;
  /** Statement that reports the errors kept by `attempt`, if there are any. */
  raise(errors: string): string;
}

/**
 * One operator: how its arguments are kept, its state, and its two forms. The two forms must do
 * the same: bring the state up to date first, then emit, so that a callback that throws or emits
 * again finds the node consistent.
 *
 * - `generate` returns statements that handle `input`; the engine nests the downstream text in it.
 * - `link` returns a closure that does the same by calling `send`; used where code generation is
 *   refused, and inside generated code for operators that have no `generate`.
 * - With `boundary`, what comes out does not come out while the input is handled: the closure of
 *   `link` leaves `send` alone and keeps the element, with its metadata retained; a `Pump` or
 *   `node.emit` starts an emission of its own later. What the closure returns means "accepted".
 */
export interface Operator<P = unknown, S = unknown> {
  readonly name: string;
  /** Schema version of what `snapshot` returns. */
  readonly version: number;
  /** What a delivery through its closure puts on the stack, in calls of a `map`, where that is more. */
  readonly calls?: number;
  /** Each input is handled differently: `generate` and `link` are called once per port. */
  readonly ports?: boolean;
  /** Emits later, from a timer or a promise: a segment ends here and another begins. */
  readonly boundary?: boolean;
  /** Keeps elements after it returns, and so has `held.release` in the tracked variant. */
  readonly holds?: boolean;
  /** Initial state. */
  create(params: P, node: Node<P, S>): S;
  generate?(template: Template<P, S>): string;
  link(node: Node<P, S>, send: Send, port: number): Receive;
  /** Called once when the graph begins to carry metadata: make room for that of held elements. */
  track?(state: S): void;
  /** An input was added at `port`, the last one. */
  connected?(node: Node<P, S>, port: number): void;
  /** The input that was at `port` is gone; later ports have moved down by one. */
  disconnected?(node: Node<P, S>, port: number): void;
  /** Plain data from which `restore` makes an equal state. Absent: the operator has no state. */
  snapshot?(state: S): unknown;
  restore?(data: unknown, params: P, node: Node<P, S>): S;
  /** Whether an element arriving at `port` would have to wait, or would be refused. */
  isFull?(node: Node<P, S>, port: number): boolean;
  /**
   * Input may come: called once the node is connected, and again whenever its source is started or
   * its state was restored, also if it was running.
   */
  start?(node: Node<P, S>): void;
  /** Nothing more is to be emitted, unless it is started again: frees timers of its own. */
  stop?(node: Node<P, S>): void;
  /**
   * A promise for the time when all that was accepted is out; undefined if it is. With `isEnd`,
   * what `flush` would take out is not waited for.
   */
  drain?(node: Node<P, S>, isEnd: boolean): Promise<void> | undefined;
  /** Input has ended: takes out what is incomplete and is to be emitted as it is, in order. */
  flush?(node: Node<P, S>): readonly Remainder[];
  /** No more will come by `port`; other inputs may go on. */
  inputEnded?(node: Node<P, S>, port: number): void;
  /**
   * Forgets the elements that are held and their timers, lets those go who wait, and gives the
   * metadata that was retained. The node can be used afterwards.
   */
  forget?(node: Node<P, S>): readonly Tag[];
}

/** What a node emits at the end of its input, with the metadata that it lets go afterwards. */
export interface Remainder {
  readonly value: unknown;
  readonly tag: Tag;
}

/** Checks an operator's definition against its types. */
export function defineOperator<P, S>(operator: Operator<P, S>): Operator<P, S> {
  return operator;
}
