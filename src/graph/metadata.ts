import { MillraceError } from '../errors.ts';
import { append } from './append.ts';
import { throwLater } from './throw-later.ts';

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
  readonly #report: (error: unknown) => void;
  #holders = 0;
  #settled = false;
  #failed = false;
  #error: unknown;

  /**
   * @param callback called exactly once; the error is never `undefined` or `null`, whatever was thrown
   * @param report told of what `callback` throws: whoever lets an element go has nothing to do with
   * it. Default: an uncaught exception
   */
  constructor(callback: (error?: unknown) => void, report: (error: unknown) => void = throwLater) {
    this.#callback = callback;
    this.#report = report;
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
      this.#report(error);
    }
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
    try {
      referenceOf(entry)?.retain();
    } catch (error) {
      throwLater(error);
    }
  }
}

/** One holder less for everything in a list. */
export function release(tag: Tag): void {
  if (tag === undefined) return;
  for (const entry of tag) {
    try {
      referenceOf(entry)?.release();
    } catch (error) {
      throwLater(error);
    }
  }
}

/** Marks everything in a list as failed. */
export function failMetadata(tag: Tag, error: unknown): void {
  if (tag === undefined) return;
  for (const entry of tag) {
    try {
      referenceOf(entry)?.fail?.(error);
    } catch (thrown) {
      throwLater(thrown);
    }
  }
}

/** Lets go of elements that are given up: they fail. */
export function abandon(tags: Iterable<Tag>, error: unknown): void {
  for (const tag of tags) {
    failMetadata(tag, error);
    release(tag);
  }
}

function referenceOf(entry: object): Reference | undefined {
  return 'ref' in entry && isReference(entry.ref) ? entry.ref : undefined;
}

function isReference(value: unknown): value is Reference {
  return typeof value === 'object' && value !== null && 'retain' in value && 'release' in value;
}
