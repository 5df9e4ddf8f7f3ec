import { Writable, type WritableOptions } from 'node:stream';

/** What takes the elements: a stream. */
export interface Target<T> {
  emit(value: T): Promise<void> | undefined;
  end(): Promise<void>;
}

/** Options of `toWritable` and `toWritableStream`. */
export interface IntakeOptions {
  /** End the stream's input when the writer ends. Default: true. */
  readonly end?: boolean;
}

/** A Node `Writable` in object mode: a chunk is written when the graph has accepted it. */
export function writableInto<T>(
  target: Target<T>,
  options: IntakeOptions & WritableOptions,
): Writable {
  const { end = true, ...writableOptions } = options;
  return new Writable({
    objectMode: true,
    ...writableOptions,
    write: (chunk: T, _encoding, callback) => settle(() => target.emit(chunk), callback),
    final: (callback) => settle(() => (end ? target.end() : undefined), callback),
  });
}

/** A Web `WritableStream`: a chunk is written when the graph has accepted it. */
export function webWritableInto<T>(target: Target<T>, options: IntakeOptions): WritableStream<T> {
  const { end = true } = options;
  return new WritableStream<T>({
    write: (chunk) => target.emit(chunk),
    close: () => (end ? target.end() : undefined),
  });
}

/** Runs something that may be asynchronous, and calls back Node's way. */
function settle(
  action: () => Promise<void> | undefined,
  callback: (error?: Error | null) => void,
): void {
  let done: Promise<void> | undefined;
  try {
    done = action();
  } catch (error) {
    callback(asError(error));
    return;
  }
  if (done === undefined) callback();
  else
    done.then(
      () => callback(),
      (error) => callback(asError(error)),
    );
}

/** Node's streams take nothing but an Error for a failure. */
function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown), { cause: thrown });
}
