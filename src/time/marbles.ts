import type { Clock } from './clock.ts';

/** An element and the time, in milliseconds of the clock, at which it came. */
export interface Timed<T> {
  readonly time: number;
  readonly value: T;
}

/** Options of {@link parseMarbles} and {@link playMarbles}. */
export interface MarbleOptions<T> {
  /** What each marble stands for. Default: the character itself, digits as numbers. */
  readonly values?: Readonly<Record<string, T>>;
  /** Milliseconds that one character takes, above 0. Default 10. */
  readonly frame?: number;
}

/** Where {@link playMarbles} sends elements: a `Stream`, or anything with its `emit`. */
export interface MarbleTarget<T> {
  emit(value: T): void | Promise<void>;
}

/**
 * Reads a picture of elements over time. Each character takes one frame: `-` nothing happens, a
 * letter or digit an element, `(ab)` several elements in one frame (the parentheses take no time of
 * their own), `|` the end, spaces only for the eye.
 *
 * Throws a SyntaxError for an unclosed or nested group, for characters after `|` and for a marble
 * that `values` does not name.
 *
 * ```ts
 * import assert from 'node:assert/strict';
 * import { parseMarbles } from 'millrace';
 *
 * assert.deepEqual(parseMarbles('a-(bc)|').elements, [
 *   { time: 0, value: 'a' },
 *   { time: 20, value: 'b' },
 *   { time: 20, value: 'c' },
 * ]);
 * assert.equal(parseMarbles('a-(bc)|').end, 30);
 * ```
 */
export function parseMarbles<T = string | number>(
  picture: string,
  options: MarbleOptions<T> = {},
): { readonly elements: readonly Timed<T>[]; readonly end: number | null } {
  const { values, frame = 10 } = options;
  if (!(frame > 0 && Number.isFinite(frame))) {
    throw new RangeError(`Cannot read marbles: frame must be above 0 milliseconds, got ${frame}`);
  }
  const elements: Timed<T>[] = [];
  let time = 0;
  let end: number | null = null;
  let inGroup = false;
  for (const [index, character] of [...picture].entries()) {
    if (character === ' ') continue;
    if (end !== null) throw malformed(picture, index, 'nothing may come after |');
    if (character === '(' || character === ')') {
      if (inGroup === (character === '(')) throw malformed(picture, index, 'groups cannot nest');
      inGroup = character === '(';
      if (!inGroup) time += frame;
    } else if (character === '-' || character === '|') {
      if (inGroup) throw malformed(picture, index, `a group cannot hold ${character}`);
      if (character === '|') end = time;
      else time += frame;
    } else {
      elements.push({ time, value: marble(character, values, picture, index) });
      if (!inGroup) time += frame;
    }
  }
  if (inGroup) throw malformed(picture, picture.length, 'the group is never closed');
  return { elements, end };
}

function marble<T>(
  character: string,
  values: Readonly<Record<string, T>> | undefined,
  picture: string,
  index: number,
): T {
  if (values === undefined) {
    return (/\d/.test(character) ? Number(character) : character) as T;
  }
  if (!Object.hasOwn(values, character)) {
    throw malformed(picture, index, `values has no entry for '${character}'`);
  }
  return values[character] as T;
}

function malformed(picture: string, index: number, reason: string): SyntaxError {
  return new SyntaxError(`Cannot read marbles '${picture}' at character ${index}: ${reason}`);
}

/**
 * Emits the elements of a {@link parseMarbles} picture into `target`, each at its time from now on
 * `clock`. An element waits for the emission before it, so backpressure shifts what follows.
 *
 * Resolves when the last element was accepted and the picture's end is reached; rejects with what
 * an emission threw, and emits no more. On a `VirtualClock`, advance the clock meanwhile.
 *
 * ```ts
 * import assert from 'node:assert/strict';
 * import { playMarbles, recordTimed, Stream, VirtualClock } from 'millrace';
 *
 * const clock = new VirtualClock();
 * const source = new Stream<number>();
 * const seen = recordTimed(source.map((x) => x * 2), clock);
 * const played = playMarbles(source, '1--2|', clock);
 * await clock.runAll();
 * await played;
 * assert.deepEqual(seen, [{ time: 0, value: 2 }, { time: 30, value: 4 }]);
 * ```
 */
export async function playMarbles<T>(
  target: MarbleTarget<T>,
  picture: string,
  clock: Clock,
  options: MarbleOptions<T> = {},
): Promise<void> {
  const { elements, end } = parseMarbles(picture, options);
  const start = clock.now();
  for (const { time, value } of elements) {
    await until(clock, start + time);
    await target.emit(value);
  }
  if (end !== null) await until(clock, start + end);
}

function until(clock: Clock, time: number): Promise<void> | undefined {
  const wait = time - clock.now();
  if (wait <= 0) return undefined;
  return new Promise((resolve) => clock.setTimeout(resolve, wait));
}

/** What {@link recordTimed} listens to: a `Stream`, or anything with its `sink`. */
export interface RecordableStream<T> {
  sink(receive: (value: T) => void): unknown;
}

/**
 * Adds a sink to `stream` that notes each element with the time it came. Returns the list, which
 * grows as the graph runs.
 *
 * ```ts
 * import assert from 'node:assert/strict';
 * import { recordTimed, Stream, VirtualClock } from 'millrace';
 *
 * const clock = new VirtualClock();
 * const source = new Stream<string>();
 * const seen = recordTimed(source, clock);
 * source.emit('now');
 * await clock.advance('1s');
 * source.emit('later');
 * assert.deepEqual(seen, [{ time: 0, value: 'now' }, { time: 1000, value: 'later' }]);
 * ```
 */
export function recordTimed<T>(stream: RecordableStream<T>, clock: Clock): Timed<T>[] {
  const seen: Timed<T>[] = [];
  stream.sink((value) => {
    seen.push({ time: clock.now(), value });
  });
  return seen;
}
