import type { Engine, Step } from './work.ts';

/**
 * Runs 100 differently shaped pipelines of the engine, each with functions of its own, as a process
 * does that has more than one job: a library whose inner call sites have seen a single pipeline is
 * many times faster than in life. The loop that feeds a pipeline is its own, see `driver`.
 */
export async function warm(engine: Engine): Promise<void> {
  const values = Array.from({ length: 2000 }, (_, i) => i);
  for (let shape = 0; shape < 100; shape++) {
    const steps = Array.from({ length: 2 + (shape % 5) }, (_, i) =>
      step(shape * 7 + i * 3 + i * i),
    );
    await engine.warm?.(steps, values);
  }
}

function step(k: number): Step {
  switch (k % 5) {
    case 0:
      return { op: 'map', f: distinct('x', `x + ${k}`) };
    case 1:
      return { op: 'filter', f: distinct('x', `x % ${2 + (k % 7)} !== 0`) };
    case 2:
      return { op: 'accumulate', f: distinct('state, x', `(state + x) % ${1000 + k}`) };
    case 3:
      return { op: 'slidingWindow', n: 2 + (k % 7), f: distinct('xs', `xs[0] + ${k}`) };
    default:
      return { op: 'partition', n: 2 + (k % 5), f: distinct('xs', `xs.length + ${k}`) };
  }
}

/** A function that V8 compiles apart from every other: closures of one literal share their code. */
function distinct<F>(parameters: string, body: string): F {
  return new Function(parameters, `return ${body}`) as F;
}
