import { afterEach, beforeEach, describe } from 'vitest';
import { type CompilerForm, setCompiler } from '../../src/graph/compile.ts';
import type { Failure } from '../../src/graph/uncaught.ts';
import { Stream } from '../../src/stream.ts';
import { VirtualClock } from '../../src/time/virtual-clock.ts';

/** Runs tests with graphs compiled into generated functions, and again into closures. */
export function describeForms(name: string, tests: () => void): void {
  describe.each<CompilerForm>(['generated', 'closure'])(`${name}, in %s form`, (form) => {
    beforeEach(() => setCompiler(form));
    afterEach(() => setCompiler(undefined));
    tests();
  });
}

/** A source on a virtual clock, and the errors that had no emitter to go to. */
export function timedSource<T = number>() {
  const clock = new VirtualClock();
  const errors: unknown[] = [];
  const failures: Failure[] = [];
  const onError = (error: unknown, failure: Failure) => {
    errors.push(error);
    failures.push(failure);
  };
  return { clock, errors, failures, source: new Stream<T>({ clock, onError }) };
}

/** Notes how acknowledgements come in: `ok`, or the message of the error. */
export function acknowledgements() {
  const log: [name: unknown, outcome: string][] = [];
  const options = (name: unknown) => ({
    acknowledge: (error?: unknown) => {
      log.push([name, error === undefined ? 'ok' : error instanceof Error ? error.message : '?']);
    },
  });
  return { log, options };
}

/** A promise to be settled by hand. */
export function deferred<T = void>() {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** Lets every promise that is ready be settled. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
