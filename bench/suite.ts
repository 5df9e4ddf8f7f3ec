import type { WorkName, Works } from './work.ts';

/** `full` is what is timed; `small` is enough to check an answer. */
export type Size = 'full' | 'small';

/** One rival to be held against, and how many times as fast as it millrace is to be at least. */
export interface Target {
  rival: string;
  times: number;
}

/** One row of the table: a task, its right answer, who can do it. */
export interface Suite<W extends WorkName = WorkName> {
  /** The name that `--only` takes. */
  readonly name: string;
  /** What is done, as the table prints it. */
  readonly title: string;
  readonly work: W;
  task(size: Size): Works[W]['task'];
  /** The answer by an obvious loop that shares nothing with any engine. */
  expected(task: Works[W]['task']): Works[W]['answer'] | Promise<Works[W]['answer']>;
  /** How many elements or rows one run takes in. */
  elements(task: Works[W]['task']): number;
  /** Modules of `engines/`, millrace first. */
  readonly engines: readonly string[];
  readonly targets: readonly Target[];
  /** Why it cannot be run here; nothing where it can. */
  lacks?(): string | undefined;
}

/** The whole numbers from 0 to `n` - 1. */
export function range(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}

/** Numbers in [0, 1) that are the same in every run and every process. */
export function randoms(n: number, seed = 1): Float64Array {
  const values = new Float64Array(n);
  let state = seed >>> 0;
  for (let i = 0; i < n; i++) {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    values[i] = ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }
  return values;
}
