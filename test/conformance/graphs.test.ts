import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CompilerForm, setCompiler } from '../../src/graph/compile.ts';
import { type BuiltCase, buildCase, flushCase, type GraphCase, type Seen } from './graph-case.ts';

/** streamz' own outputs, recorded; see the README beside the files. */
function readCases(name: string): GraphCase[] {
  const text = readFileSync(new URL(name, import.meta.url), 'utf8');
  return (JSON.parse(text) as { cases: GraphCase[] }).cases;
}

/** One `emit` per step; what is expected is known for every step. */
function playByEmit(graph: GraphCase, built: BuiltCase): void {
  graph.script.forEach((step, i) => {
    if ('flush' in step) flushCase(built, step.flush);
    else expect(built.streams.get(step.emit)!.emit(step.value as never)).toBeUndefined();
    expect(built.takeSeen(), `${graph.id}, step ${i}`).toEqual(graph.expected[i]);
  });
}

/** One `emitMany` for each run of steps that have the same source. */
function playByEmitMany(graph: GraphCase, built: BuiltCase): void {
  let expected: Seen[] = [];
  let values: unknown[] = [];
  graph.script.forEach((step, i) => {
    expected.push(...graph.expected[i]!);
    const next = graph.script[i + 1];
    if ('flush' in step) {
      flushCase(built, step.flush);
    } else {
      values.push(step.value);
      if (next !== undefined && 'emit' in next && next.emit === step.emit) return;
      expect(built.streams.get(step.emit)!.emitMany(values as never[])).toBeUndefined();
      values = [];
    }
    expect(built.takeSeen(), `${graph.id}, steps up to ${i}`).toEqual(expected);
    expected = [];
  });
}

describe.each<CompilerForm>(['generated', 'closure'])(
  'graphs recorded from streamz, %s',
  (form) => {
    beforeAll(() => setCompiler(form));
    afterAll(() => setCompiler(undefined));

    for (const file of ['tutorial.json', 'graphs.json']) {
      const cases = readCases(file);

      it(`${file} by emit`, () => {
        expect(cases.length).toBe(file === 'tutorial.json' ? 15 : 500);
        for (const graph of cases) {
          playByEmit(graph, buildCase(graph));
        }
      });

      it(`${file} by emitMany`, () => {
        for (const graph of cases) {
          playByEmitMany(graph, buildCase(graph));
        }
      });
    }
  },
);
