import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CompilerForm, setCompiler } from '../../src/graph/compile.ts';
import type { Failure } from '../../src/graph/uncaught.ts';
import { Collector, Stream } from '../../src/stream.ts';
import {
  callbacks,
  inputsOf,
  type RandomGraph,
  type RandomNode,
  type RandomStep,
  randomGraph,
} from './random-graph.ts';
import { buildReference, errorsOf } from './reference.ts';

type Log = [node: number, x: unknown][];

/** Only what a join emits when it loses an input has no emitter here. */
function noteLate(_error: unknown, { operator }: Failure): void {
  expect(['zip', 'zipLatest']).toContain(operator);
}

/** A graph that can be played, in whichever way it is made. */
interface Playable {
  emit(source: number, x: number, acknowledge?: () => void): void;
  emitMany(source: number, xs: readonly number[]): void;
  flush(): void;
}

/** The nodes' streams, and those of all operators that they are made of. */
interface Built {
  readonly streams: Stream<unknown>[];
  readonly all: Stream<unknown>[];
}

function buildStreams(graph: RandomGraph, see: (node: number, x: unknown) => void): Built {
  const all: Stream<unknown>[] = [];
  const streams: Stream<unknown>[] = [];
  for (let i = 0; i < graph.sources; i++) streams.push(new Stream<unknown>({ onError: noteLate }));
  for (const spec of graph.nodes) {
    const [input, ...others] = inputsOf(spec, streams.length).map((from) => streams[from]!);
    const stream = buildStream(spec, input!, others);
    // A table is an object of its own: what follows is to see what the interpreter's array shows.
    const isTable = spec.op === 'frequencies';
    streams.push(isTable ? (stream as Stream<Iterable<unknown>>).map((x) => [...x]) : stream);
    all.push(stream);
  }
  streams.forEach((stream, id) => {
    stream.sink((x) => see(id, x));
  });
  return { streams, all };
}

function buildStream(
  spec: RandomNode,
  input: Stream<unknown>,
  others: Stream<unknown>[],
): Stream<unknown> {
  const unbounded = { maxsize: Number.POSITIVE_INFINITY };
  switch (spec.op) {
    case 'map':
      return input.map(callbacks.map);
    case 'failing':
      return input.map(callbacks.failing(spec.on));
    case 'filter':
      return input.filter(callbacks.isOdd);
    case 'remove':
      return input.remove(callbacks.isOdd);
    case 'starmap':
      return input.map(callbacks.pair).starmap(callbacks.add);
    case 'pluck':
      return input.map(callbacks.pair).pluck([1, 0]);
    case 'union':
      return input.union(...others);
    case 'flatten':
      return input.map(callbacks.items).flatten();
    case 'frequencies':
      return input.frequencies();
    case 'changes':
      return input.frequencies({ emit: 'changes' });
    case 'accumulate':
      return accumulateWith(input, spec, callbacks.add, false);
    case 'returnsState':
      return accumulateWith(input, spec, callbacks.difference, true);
    case 'slice':
      return input.slice(spec.start, spec.end, spec.step);
    case 'partition':
      return input.partition(spec.n, spec.isKeyed ? { key: callbacks.key } : {});
    case 'partitionUnique':
      return input.partitionUnique(spec.n, { key: callbacks.key, keep: spec.keep });
    case 'slidingWindow':
      return input.slidingWindow(spec.n, { returnPartial: spec.returnPartial });
    case 'unique':
      return input.unique({
        hashable: spec.hashable,
        ...(spec.hashable ? {} : { key: (x: unknown) => JSON.stringify(x) }),
        ...(spec.maxsize === undefined ? {} : { maxsize: spec.maxsize }),
      });
    case 'zip': {
      const all: unknown[] = [...others];
      if (spec.literalAt !== undefined) {
        all.splice(spec.literalAt % (others.length + 1), 0, 'literal');
      }
      return input.zip(...all, unbounded);
    }
    case 'combineLatest':
      return spec.emitOn === undefined
        ? input.combineLatest(...others)
        : input.combineLatest(...others, { emitOn: spec.emitOn % (others.length + 1) });
    case 'zipLatest':
      return input.zipLatest(...others, unbounded);
    case 'collect':
      return input.collect();
  }
}

function accumulateWith(
  input: Stream<unknown>,
  { hasStart, withState }: { hasStart: boolean; withState: boolean },
  f: (a: unknown, x: unknown) => unknown,
  returnsState: boolean,
): Stream<unknown> {
  const accumulate = input.accumulate.bind(input) as (
    f: (a: unknown, x: unknown) => unknown,
    options: object,
  ) => Stream<unknown>;
  return accumulate(f, { withState, returnsState, ...(hasStart ? { start: 0 } : {}) });
}

function playableStreams(graph: RandomGraph, log: Log): Playable & { all: Stream<unknown>[] } {
  const { streams, all } = buildStreams(graph, (id, x) => void log.push([id, x]));
  return {
    all,
    emit(source, x, acknowledge) {
      const options = acknowledge === undefined ? [] : [{ acknowledge }];
      expect(streams[source % graph.sources]!.emit(x, ...options)).toBeUndefined();
    },
    emitMany: (source, xs) => void streams[source % graph.sources]!.emitMany(xs),
    flush() {
      for (const stream of streams) if (stream instanceof Collector) stream.flush();
    },
  };
}

function playableReference(graph: RandomGraph, log: Log): Playable {
  const nodes = buildReference(graph, (id, x) => void log.push([id, x]));
  return {
    emit: (source, x) => nodes[source % graph.sources]!.send(x),
    emitMany(source, xs) {
      for (const x of xs) nodes[source % graph.sources]!.send(x);
    },
    flush() {
      for (const node of nodes) node.flush();
    },
  };
}

/** Plays a script; gives the messages of all errors, in order. */
function play(playable: Playable, script: readonly RandomStep[], isMany: boolean): string[] {
  const messages: string[] = [];
  const attempt = (act: () => void) => {
    try {
      act();
    } catch (error) {
      for (const one of errorsOf(error)) messages.push(String(one));
    }
  };
  for (const step of script) {
    if ('flush' in step) attempt(() => playable.flush());
    else if (isMany) attempt(() => playable.emitMany(step.source, step.values));
    else for (const x of step.values) attempt(() => playable.emit(step.source, x));
  }
  return messages;
}

describe.each<CompilerForm>(['generated', 'closure'])('random graphs in %s form', (form) => {
  beforeAll(() => setCompiler(form));
  afterAll(() => setCompiler(undefined));

  it.each([false, true])(
    'emit what an unfused interpreter emits (emitMany: %s)',
    (isMany) => {
      fc.assert(
        fc.property(randomGraph, (graph) => {
          const expected: Log = [];
          const actual: Log = [];
          const wanted = play(playableReference(graph, expected), graph.script, isMany);
          const errors = play(playableStreams(graph, actual), graph.script, isMany);
          expect(actual).toEqual(expected);
          expect(errors).toEqual(wanted);
        }),
        { numRuns: 300 },
      );
    },
    120_000,
  );

  it('go on from a snapshot as if nothing had happened', () => {
    fc.assert(
      fc.property(randomGraph, fc.nat(15), (graph, at) => {
        const whole: Log = [];
        const parts: Log = [];
        play(playableStreams(graph, whole), graph.script, false);
        const before = playableStreams(graph, parts);
        play(before, graph.script.slice(0, at), false);
        const after = playableStreams(graph, parts);
        // Cloned together, so that an element held in two places stays one.
        const snapshots = structuredClone(before.all.map((stream) => stream.snapshot()));
        snapshots.forEach((snapshot, i) => {
          if (snapshot !== undefined) after.all[i]!.restore(snapshot);
        });
        play(after, graph.script.slice(at), false);
        expect(parts).toEqual(whole);
      }),
      { numRuns: 200 },
    );
  });

  it('emit the same with metadata, and acknowledge every element exactly once', () => {
    fc.assert(
      fc.property(randomGraph, fc.nat(20), (graph, plainFirst) => {
        const plain: Log = [];
        const tracked: Log = [];
        const wanted = play(playableStreams(graph, plain), graph.script, false);
        const playable = playableStreams(graph, tracked);
        const fired: number[] = [];
        const emit = (source: number, x: number) => {
          const id = fired.length;
          // The first elements go in without metadata, so that some are held when it begins.
          if (id < plainFirst) playable.emit(source, x);
          fired.push(id < plainFirst ? 1 : 0);
          if (id >= plainFirst) playable.emit(source, x, () => fired[id]!++);
        };
        const errors = play({ ...playable, emit }, graph.script, false);
        expect(tracked).toEqual(plain);
        expect(errors).toEqual(wanted);
        // A join that loses an input emits what waited for that input only, maybe into a node that
        // fails: that comes to the graph's onError.
        for (const stream of playable.all) stream.destroy();
        expect(fired.every((times) => times === 1)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});
