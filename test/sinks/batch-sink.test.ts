import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { importPeer } from '../../src/connect/import-peer.ts';
import {
  type BatchingOptions,
  type DeadLetter,
  PartialWriteError,
  Sink,
  type SinkBatch,
  type SinkContext,
  Stream,
  VirtualClock,
} from '../../src/index.ts';

const turn = () => new Promise(setImmediate);

/** What a test does with a batch. */
type Writer = (batch: SinkBatch<number>) => Promise<readonly unknown[]> | Promise<void>;

class Recorder extends Sink<number, unknown> {
  readonly batches: number[][] = [];
  readonly ids: string[] = [];
  readonly calls: string[] = [];
  readonly permanent = new Set<unknown>();
  context: SinkContext | undefined;
  writer: Writer = async () => {};
  opener: () => Promise<void> = async () => {};
  active = 0;
  mostActive = 0;

  constructor(options: BatchingOptions = {}) {
    super('record', options);
  }

  override open(context: SinkContext): Promise<void> {
    this.calls.push('open');
    this.context = context;
    return this.opener();
  }

  override async close(): Promise<void> {
    this.calls.push('close');
  }

  override async write(batch: SinkBatch<number>): Promise<never> {
    this.batches.push([...batch.elements]);
    this.ids.push(batch.id);
    this.active++;
    this.mostActive = Math.max(this.mostActive, this.active);
    try {
      return (await this.writer(batch)) as never;
    } finally {
      this.active--;
    }
  }

  override sizeOf(element: number): number {
    return element;
  }

  override encode(element: number): number {
    if (element < 0) throw new RangeError(`negative: ${element}`);
    return element;
  }

  override isPermanent(error: unknown): boolean {
    return this.permanent.has(error);
  }
}

/** A graph with one sink; `acknowledged` in order, with the error where there is one. */
function graph(options: BatchingOptions = {}) {
  const clock = new VirtualClock();
  const errors: unknown[] = [];
  const source = new Stream<number>({ clock, onError: (error) => void errors.push(error) });
  const sink = new Recorder(options);
  const stream = source.to(sink);
  const acknowledged: unknown[] = [];
  const emit = (x: number) =>
    source.emit(x, {
      acknowledge: (error) => acknowledged.push(error === undefined ? x : [x, error]),
    });
  return { clock, errors, source, sink, stream, acknowledged, emit };
}

/** A promise and what settles it. */
function deferred() {
  let resolve = () => {};
  let reject = (_error: unknown) => {};
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

describe('Sink', () => {
  it('writes batches by number, and what is left at the end', async () => {
    const { source, sink, acknowledged, emit } = graph({ batch: { size: 2, linger: '1h' } });
    for (const x of [1, 2, 3]) emit(x);
    await turn();
    expect(sink.batches).toEqual([[1, 2]]);
    expect(acknowledged).toEqual([1, 2]);
    await source.end();
    expect(sink.batches).toEqual([[1, 2], [3]]);
    expect(acknowledged).toEqual([1, 2, 3]);
    expect(sink.calls).toEqual(['open', 'close']);
  });

  it('writes batches by time, counted from their first element', async () => {
    const { clock, source, sink, emit } = graph({ batch: { size: 100, linger: 10 } });
    emit(1);
    await clock.advance(6);
    emit(2);
    await clock.advance(3);
    expect(sink.batches).toEqual([]);
    await clock.advance(1);
    expect(sink.batches).toEqual([[1, 2]]);
    await source.end();
    expect(clock.pending).toBe(0);
  });

  it('writes batches by bytes; a larger element goes alone', async () => {
    const { source, sink, emit } = graph({ batch: { size: 100, bytes: 10, linger: '1h' } });
    for (const x of [4, 4, 4, 50, 1, 9, 1]) emit(x);
    await source.end();
    expect(sink.batches).toEqual([[4, 4], [4], [50], [1, 9], [1]]);
  });

  it('holds emitters back while a batch is written and another is full', async () => {
    const { source, sink } = graph({ batch: { size: 2 } });
    const gate = deferred();
    sink.writer = () => gate.promise;
    const waits = [1, 2, 3, 4, 5, 6].map((x) => source.emit(x) instanceof Promise);
    expect(waits).toEqual([false, false, false, false, true, true]);
    expect(source.tryEmit(7)).toBe(false);
    gate.resolve();
    await source.end();
    expect(sink.batches).toEqual([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
  });

  it('holds emitters back by bytes', async () => {
    const { source, sink } = graph({ batch: { size: 100, bytes: 10 } });
    const gate = deferred();
    sink.writer = () => gate.promise;
    const waits = [10, 10, 1, 1].map((x) => source.emit(x) instanceof Promise);
    expect(waits).toEqual([false, false, true, true]);
    const third = source.emit(1);
    gate.resolve();
    await third;
    await source.end();
  });

  it('acknowledges only what is durable, negatively what is not', async () => {
    const { errors, source, sink, acknowledged, emit } = graph();
    const gate = deferred();
    sink.writer = () => gate.promise;
    emit(1);
    await turn();
    expect(acknowledged).toEqual([]);
    const failure = new Error('disk full');
    gate.reject(failure);
    await turn();
    expect(acknowledged).toEqual([[1, failure]]);
    expect(errors).toEqual([failure]);
    sink.writer = async () => {};
    emit(2);
    await source.end();
    expect(acknowledged).toEqual([[1, failure], 2]);
  });

  it('writes no more than `concurrency` batches at once', async () => {
    const { source, sink } = graph({ concurrency: 3 });
    sink.writer = () => turn() as Promise<void>;
    for (let x = 0; x < 20; x++) await source.emit(x);
    await source.end();
    expect(sink.mostActive).toBe(3);
    expect(sink.batches.flat().sort((a, b) => a - b)).toEqual([...Array(20).keys()]);
  });

  it('tries a batch again with the same id, and waits between', async () => {
    const { clock, errors, sink, stream, acknowledged, emit } = graph({ batch: { size: 2 } });
    stream.onError({ retry: { attempts: 3, backoff: 100 } });
    let failures = 2;
    sink.writer = async () => {
      if (failures-- > 0) throw new Error('busy');
    };
    emit(1);
    emit(2);
    emit(3);
    await clock.advance(99);
    expect(sink.batches).toHaveLength(1);
    await clock.advance(1000);
    expect(sink.batches).toEqual([[1, 2], [1, 2], [1, 2], [3]]);
    expect(new Set(sink.ids.slice(0, 3)).size).toBe(1);
    expect(sink.ids[3]).not.toBe(sink.ids[0]);
    expect(acknowledged).toEqual([1, 2, 3]);
    expect(errors).toEqual([]);
  });

  it('tries nothing again where the package of a sink is not installed', async () => {
    const missing = () =>
      importPeer(() => import('millrace-no-such-package' as string), 'x', 'fly');
    const { errors, sink, source, stream, acknowledged, emit } = graph({ batch: { size: 2 } });
    stream.onError({ retry: { attempts: 100, backoff: '1h' } });
    sink.opener = async () => {
      sink.opener = async () => {};
      await missing().catch((cause) => {
        throw new Error('cannot connect', { cause });
      });
    };
    sink.writer = missing as never;
    for (const x of [1, 2, 3, 4]) emit(x);
    // A wait for another attempt would last for good: nobody moves the clock.
    await source.end();
    expect(acknowledged.map((one) => (one as [number, Error])[0])).toEqual([1, 2, 3, 4]);
    expect(sink.batches).toEqual([[3, 4]]);
    expect(errors.map(String).join()).toMatch(/cannot connect.*run npm install x/);
  });

  it('sends each element of a batch that failed to the dead letters', async () => {
    const { sink, stream, source, acknowledged, emit } = graph({ batch: { size: 2 } });
    const letters = new Stream<DeadLetter>();
    const seen = letters.map(({ element, operator }) => [element, operator]).sinkToList();
    stream.onError({ retry: { attempts: 2, backoff: 0 }, then: { deadLetter: letters } });
    sink.writer = async () => {
      throw new Error('no');
    };
    emit(1);
    emit(2);
    const ended = source.end();
    await (source.node.environment.clock as VirtualClock).advance(10);
    await ended;
    expect(seen).toEqual([
      [1, 'record'],
      [2, 'record'],
    ]);
    expect(acknowledged).toEqual([1, 2]);
  });

  it('halves a batch that is refused for what is in it', async () => {
    const { errors, sink, acknowledged, source, emit } = graph({ batch: { size: 8 } });
    const bad = new Error('column too short');
    sink.permanent.add(bad);
    sink.writer = async ({ elements }) => {
      if (elements.includes(5)) throw bad;
    };
    for (let x = 0; x < 8; x++) emit(x);
    await source.end();
    expect(errors).toEqual([bad]);
    expect(acknowledged).toEqual([0, 1, 2, 3, 4, [5, bad], 6, 7]);
    expect(new Set(sink.ids).size).toBe(sink.ids.length);
  });

  it('tries again only what a partial failure left out', async () => {
    const { clock, sink, stream, acknowledged, errors, emit } = graph({ batch: { size: 4 } });
    stream.onError({ retry: { attempts: 3, backoff: 10 } });
    const never = new Error('never');
    sink.permanent.add(never);
    let first = true;
    sink.writer = async () => {
      if (!first) return;
      first = false;
      throw new PartialWriteError(
        new Map([
          [1, new Error('later')],
          [3, never],
        ]),
      );
    };
    for (const x of [1, 2, 3, 4]) emit(x);
    await clock.advance(100);
    expect(sink.batches).toEqual([[1, 2, 3, 4], [2]]);
    expect(sink.ids[0]).not.toBe(sink.ids[1]);
    // One that is not tried again has failed for good: the policy's `then`, which is to fail.
    expect(acknowledged).toEqual([1, 3, [4, never], 2]);
    expect(errors).toEqual([never]);
  });

  it('passes results on, and holds the acknowledgement until they have settled', async () => {
    const { source, sink, stream, acknowledged, emit } = graph({ batch: { size: 2 } });
    sink.writer = async ({ elements }) => elements.map((x) => x * 10);
    const gate = deferred();
    const seen: unknown[] = [];
    stream.sink((x) => {
      seen.push(x);
      return gate.promise;
    });
    emit(1);
    emit(2);
    await turn();
    expect(seen).toEqual([10]);
    expect(acknowledged).toEqual([]);
    gate.resolve();
    await source.end();
    expect(seen).toEqual([10, 20]);
    expect(acknowledged).toEqual([1, 2]);
  });

  it('passes the elements on where write gives nothing', async () => {
    const { source, stream } = graph({ batch: { size: 2 } });
    const seen = stream.sinkToList();
    source.emitMany([1, 2, 3]);
    await source.end();
    expect(seen).toEqual([1, 2, 3]);
  });

  it('refuses results that do not match the batch', async () => {
    const { errors, source, sink } = graph({ batch: { size: 2 } });
    sink.writer = async () => [1];
    source.emitMany([1, 2]);
    await source.end();
    expect(errors).toHaveLength(2);
    expect(String(errors[0])).toMatch('a result for each of 2 elements, got 1');
    expect(sink.batches).toHaveLength(1);
  });

  it('lets an element that cannot be encoded fail by itself', async () => {
    const { source, sink, stream } = graph({ batch: { size: 3 } });
    source.emit(1);
    expect(() => source.emit(-1)).toThrow('negative: -1');
    stream.onError('skip');
    source.emit(-2);
    source.emit(2);
    await source.end();
    expect(sink.batches).toEqual([[1, 2]]);
  });

  it('counts a failed open as a failed attempt', async () => {
    const { clock, source, sink, stream, acknowledged, emit } = graph();
    stream.onError({ retry: { attempts: 3, backoff: 10 } });
    let refusals = 2;
    sink.opener = async () => {
      if (refusals-- > 0) throw new Error('connection refused');
    };
    emit(1);
    await clock.advance(100);
    expect(sink.calls).toEqual(['open', 'open', 'open']);
    expect(acknowledged).toEqual([1]);
    await source.end();
  });

  it('opens a lost connection again for the next batch', async () => {
    const { source, sink, emit } = graph();
    emit(1);
    await turn();
    sink.context?.lost();
    emit(2);
    await source.end();
    expect(sink.calls).toEqual(['open', 'close', 'open', 'close']);
  });

  it('closes after a drain and goes on afterwards', async () => {
    const { source, sink, emit } = graph({ batch: { size: 10, linger: '1h' } });
    emit(1);
    await source.stop({ drain: true });
    expect(sink.calls).toEqual(['open', 'close']);
    await source.start();
    emit(2);
    await source.end();
    expect(sink.batches).toEqual([[1], [2]]);
    expect(sink.calls).toEqual(['open', 'close', 'open', 'close']);
  });

  it('gives up what was not written when it is stopped so', async () => {
    const { source, sink, acknowledged, emit } = graph();
    let aborted = false;
    sink.writer = ({ signal }) =>
      new Promise<void>((_, reject) =>
        signal.addEventListener('abort', () => {
          aborted = true;
          reject(signal.reason);
        }),
      );
    emit(1);
    const second = emit(2);
    const third = emit(3);
    await turn();
    await source.stop({ drain: false });
    await Promise.all([second, third]);
    expect(aborted).toBe(true);
    expect(acknowledged.map((one) => (one as [number, { code: string }])[1].code)).toEqual([
      'ERR_STOPPED',
      'ERR_STOPPED',
      'ERR_STOPPED',
    ]);
    sink.writer = async () => {};
    emit(4);
    await source.end();
    expect(sink.batches.at(-1)).toEqual([4]);
  });

  it('keeps nothing alive when destroyed, also while it waits for another attempt', async () => {
    const { clock, sink, stream, acknowledged, emit } = graph({ batch: { size: 1, linger: '1h' } });
    stream.onError({ retry: { attempts: 9, backoff: '1h' } });
    sink.writer = async () => {
      throw new Error('busy');
    };
    emit(1);
    await turn();
    stream.destroy();
    await turn();
    expect(clock.pending).toBe(0);
    expect(sink.calls).toEqual(['open', 'close']);
    expect(acknowledged).toHaveLength(1);
  });

  it('gives up an attempt that takes too long', async () => {
    const { clock, sink, stream, acknowledged, emit } = graph();
    stream.onError({ retry: { attempts: 2, backoff: 1, timeout: 50 } });
    const signals: AbortSignal[] = [];
    sink.writer = ({ signal, attempt }) => {
      signals.push(signal);
      return attempt === 1 ? new Promise<void>(() => {}) : Promise.resolve();
    };
    emit(1);
    await clock.advance(60);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    expect(acknowledged).toEqual([1]);
  });

  it('has one place in a graph', () => {
    const { sink } = graph();
    expect(() => new Stream<number>().to(sink)).toThrow(
      expect.objectContaining({ code: 'ERR_SINK_IN_USE' }),
    );
    expect(() => new Stream<number>().to({} as never)).toThrow(TypeError);
    expect(() => new Recorder({ batch: { size: 0 } })).toThrow('batch.size');
    expect(() => new Recorder({ concurrency: 1.5 })).toThrow('concurrency');
    expect(() => new Recorder({ batch: { sise: 1 } as never })).toThrow('sise');
  });

  it('writes every element once and in order, whatever fails, when one batch is written at a time', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 60 }),
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 30 }),
        fc.array(fc.boolean(), { maxLength: 30 }),
        async (elements, size, bytes, outcomes) => {
          const { clock, source, sink, stream, acknowledged } = graph({ batch: { size, bytes } });
          stream.onError({ retry: { attempts: 100, backoff: 1 } });
          const written: number[] = [];
          let call = 0;
          sink.writer = async (batch): Promise<void> => {
            if (outcomes[call++] === true) throw new Error('again');
            written.push(...batch.elements);
          };
          const fed = (async () => {
            for (const x of elements) {
              await source.emit(x, { acknowledge: () => acknowledged.push(x) });
            }
            await source.end();
          })();
          await clock.advance('1h');
          await fed;
          expect(written).toEqual(elements);
          expect(acknowledged).toEqual(elements);
        },
      ),
      { numRuns: 50 },
    );
  });
});
