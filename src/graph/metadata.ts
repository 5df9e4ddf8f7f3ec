import { inspect } from 'node:util';
import { MillraceError } from '../errors.ts';
import { append } from './append.ts';
import type { Node } from './node.ts';
import { throwLater } from './throw-later.ts';
import { reportUncaught } from './uncaught.ts';

/**
 * Counts who still needs an element; `metadata` objects may carry one under `ref`.
 * {@link Acknowledgement} is the one that `emit` makes.
 */
export interface Reference {
  /** One holder more. */
  retain(): void;
  /** One holder less; the last one settles the reference. */
  release(): void;
  /** Delivery failed somewhere; the reference settles negatively. */
  fail?(error: unknown): void;
}

/** What an acknowledgement gets where nothing was thrown: it has to be told from success. */
function nothingThrown(nothing: undefined | null): MillraceError {
  return new MillraceError(
    'ERR_NOTHING_THROWN',
    `Cannot deliver an element: ${nothing} was thrown`,
  );
}

/** What travels with an element: a readonly list of objects, joined where elements are joined. */
export type Metadata = readonly object[];

/** Metadata of an element inside a graph; undefined for an element emitted without any. */
export type Tag = Metadata | undefined;

/**
 * Calls back once, when the last holder of an element has let it go: without an argument when
 * every branch has settled, with the first error when one failed.
 */
export class Acknowledgement implements Reference {
  readonly #callback: (error?: unknown) => void;
  readonly #node: Node | undefined;
  readonly #element: unknown;
  #holders = 0;
  #settled = false;
  #failed = false;
  #error: unknown;

  /**
   * @param callback called exactly once; the error is never `undefined` or `null`, whatever was thrown.
   * What it throws is an uncaught exception: whoever lets an element go has nothing to do with it
   * @param node whose graph is told of that exception instead, at `emit`
   * @param element that was emitted there
   */
  constructor(callback: (error?: unknown) => void, node?: Node, element?: unknown) {
    this.#callback = callback;
    this.#node = node;
    this.#element = element;
  }

  /** One holder more. */
  retain(): void {
    this.#holders++;
  }

  /** One holder less; the last one fires the callback. */
  release(): void {
    this.#holders--;
    if (this.#holders > 0 || this.#settled) return;
    this.#settled = true;
    try {
      if (this.#failed) this.#callback(this.#error ?? nothingThrown(this.#error));
      else this.#callback();
    } catch (error) {
      if (this.#node === undefined) throwLater(error);
      else reportUncaught(this.#node, error, this.#element);
    }
  }

  /** Shows where it stands, in `console.log`. */
  [inspect.custom](): string {
    const state = this.#settled ? 'settled' : `${this.#holders} holders`;
    return `Acknowledgement <${state}${this.#failed ? ', failed' : ''}>`;
  }

  /** Marks the element as failed; the first error is the one reported. */
  fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#error = error;
  }
}

/** Metadata of a value made of several; undefined when none of them has any. */
export function concatMetadata(tags: Iterable<Tag>): Tag {
  let all: object[] | undefined;
  for (const tag of tags) {
    if (tag === undefined) continue;
    all ??= [];
    append(all, tag);
  }
  return all;
}

/** One holder more for everything in a list. */
export function retain(tag: Tag): void {
  if (tag === undefined) return;
  for (const entry of tag) {
    const ref = referenceOf(entry);
    if (ref === undefined) continue;
    if (isOwn(ref)) ref.retain();
    else call(ref, 'retain');
  }
}

/** One holder less for everything in a list. */
export function release(tag: Tag): void {
  if (tag === undefined) return;
  for (const entry of tag) {
    const ref = referenceOf(entry);
    if (ref === undefined) continue;
    if (isOwn(ref)) ref.release();
    else call(ref, 'release');
  }
}

/** Marks everything in a list as failed. */
export function failMetadata(tag: Tag, error: unknown): void {
  if (tag === undefined) return;
  for (const entry of tag) {
    const ref = referenceOf(entry);
    if (ref !== undefined) call(ref, 'fail', error);
  }
}

/** Lets go of elements that are given up: they fail. */
export function abandon(tags: Iterable<Tag>, error: unknown): void {
  for (const tag of tags) {
    failMetadata(tag, error);
    release(tag);
  }
}

/** Ours does not throw; a class derived from it may. */
function isOwn(ref: Reference): boolean {
  return ref.constructor === Acknowledgement;
}

/** Calls a reference of the user's; its errors are none of the element's. */
function call(ref: Reference, method: keyof Reference, error?: unknown): void {
  try {
    ref[method]?.(error);
  } catch (thrown) {
    throwLater(thrown);
  }
}

function referenceOf(entry: object): Reference | undefined {
  return 'ref' in entry && isReference(entry.ref) ? entry.ref : undefined;
}

function isReference(value: unknown): value is Reference {
  return typeof value === 'object' && value !== null && 'retain' in value && 'release' in value;
}
