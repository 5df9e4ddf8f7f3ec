import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { fromEvents, fromIterable, fromObservable, Stream } from '../../src/index.ts';
import { acknowledgements, describeForms, timedSource, turn } from './forms.ts';

// Programs that wait for themselves, or end, stop and leave in the middle of things.

async function turns(n: number): Promise<void> {
  for (let i = 0; i < n; i++) await turn();
}

describeForms('a loop', () => {
  it('through any queue of one place goes on until something ends it', async () => {
    const through: ((stream: Stream<number>) => Stream<number>)[] = [
      (stream) => stream.buffer(1),
      (stream) => stream.buffer(1, { maxBytes: 1 }),
      (stream) => stream.buffer(1, { overflow: 'error' }),
      (stream) => stream.buffer(1, { overflow: 'dropNewest' }),
      (stream) => stream.delay(1, { maxsize: 1 }),
      (stream) => stream.mapAsync(async (x) => x),
      (stream) => stream.mapAsync(async (x) => x, { maxBytes: 1 }),
      (stream) => stream.rateLimit(1),
      (stream) => stream.latest(),
      (stream) => stream.buffer(1).mapAsync(async (x) => x),
      (stream) => stream.mapAsync((x) => x).buffer(1),
      (stream) => stream.buffer(1).buffer(1),
      (stream) => stream.partition(1, { timeout: 1 }).flatten(),
    ];
    for (const queue of through) {
      const { clock, source, errors } = timedSource();
      const { log, options } = acknowledgements();
      const next = queue(source).filter((x) => x < 50);
      const seen = next.sinkToList();
      next.map((x) => x + 1).connect(source);
      void Promise.resolve(source.emit(0, options(0)));
      for (let i = 0; i < 80; i++) await clock.advance(1);
      expect(seen).toEqual(Array.from({ length: 50 }, (_, x) => x));
      expect(errors).toEqual([]);
      expect(log).toEqual([[0, 'ok']]);
      source.destroy();
    }
  });

  it('may be closed by a sink that emits, and waits', async () => {
    const { source, errors } = timedSource();
    const seen: number[] = [];
    source.buffer(1).sink(async (x) => {
      seen.push(x);
      if (x < 5) await source.emit(x + 1);
    });
    source.emit(0);
    await turns(20);
    expect(seen).toEqual([0, 1, 2, 3, 4, 5]);
    expect(errors).toEqual([]);
  });
});

describeForms('a callback', () => {
  it('may end the input, and what came before is delivered', async () => {
    const { source, errors } = timedSource();
    const ends: Promise<void>[] = [];
    source.buffer(5).sink((x) => {
      if (x === 2) ends.push(source.end());
    });
    const parts = source.buffer(5).partition(2).sinkToList();
    const { log, options } = acknowledgements();
    for (const x of [1, 2, 3]) source.emit(x, options(x));
    await turns(5);
    expect(ends.length).toBe(1);
    await Promise.all(ends);
    expect(parts).toEqual([[1, 2], [3]]);
    expect(log.map(([x, outcome]) => `${x} ${outcome}`).sort()).toEqual(['1 ok', '2 ok', '3 ok']);
    expect(() => source.emit(4)).toThrow('has ended');
    expect(errors).toEqual([]);
  });

  it('may stop, drain and give up', async () => {
    const { source, errors } = timedSource();
    const seen: number[] = [];
    const stops: Promise<void>[] = [];
    const queue = source.buffer(9);
    queue.sink((x) => {
      seen.push(x);
      if (x === 1) stops.push(source.stop({ drain: true }));
      if (x === 3) stops.push(source.stop({ drain: false }));
    });
    const { log, options } = acknowledgements();
    for (const x of [1, 2, 3, 4, 5]) source.emit(x, options(x));
    await turns(5);
    await Promise.all(stops);
    expect(seen).toEqual([1, 2, 3]);
    expect(log.length).toBe(5);
    expect(log.filter(([, outcome]) => outcome !== 'ok').map(([x]) => x)).toEqual([4, 5]);
    source.emit(6);
    await turn();
    expect(seen.at(-1)).toBe(6);
    expect(errors).toEqual([]);
  });

  it('may end the input and start it again', async () => {
    const { source } = timedSource();
    const seen = source.partition(2).sinkToList();
    source.emit(1);
    await source.end();
    await source.start();
    await source.end();
    await source.start();
    source.emitMany([2, 3]);
    expect(seen).toEqual([[1], [2, 3]]);
  });
});

describeForms('another kind of stream', () => {
  it('takes what is no value, and what looks like a promise', async () => {
    const source = new Stream<unknown>();
    const thenable = { then: (resolve: (x: number) => void) => resolve(7) };
    const values = [undefined, null, thenable, 0];
    const iterator = source[Symbol.asyncIterator]();
    const reader = source.toReadableStream().getReader();
    void Promise.resolve(source.emitMany(values)).then(() => source.end());
    const read = async () => {
      const seen: unknown[] = [];
      for (let step = await reader.read(); !step.done; step = await reader.read()) {
        seen.push(step.value);
      }
      return seen;
    };
    const iterate = async () => {
      const seen: unknown[] = [];
      for await (const x of iterator) seen.push(x);
      return seen;
    };
    const [read1, iterated] = await Promise.all([read(), iterate()]);
    expect(read1).toEqual(values);
    expect(iterated).toEqual(values);
    expect(iterated[2]).toBe(thenable);
  });

  it('of Node that takes no null is left, and the others go on', async () => {
    const source = new Stream<number | null>();
    const readable = source.toReadable();
    const seen = source.sinkToList();
    const failed = readable.toArray().catch((error: Error) => error.message);
    await source.emit(1);
    await source.emit(null);
    expect(await failed).toMatch(/null/);
    await turn();
    await source.emit(2);
    expect(seen).toEqual([1, null, 2]);
    expect(source.downstreams.length).toBe(1);
  });

  it('may be left within its own callback', () => {
    const source = new Stream<number>();
    const seen: number[] = [];
    const subscription = source.toObservable().subscribe({
      next(x) {
        seen.push(x);
        if (x === 2) subscription.unsubscribe();
      },
    });
    source.emitMany([1, 2, 3]);
    expect(seen).toEqual([1, 2]);
  });

  it('that throws in being listened to or left fails the source, which can be started again', async () => {
    class Broken extends EventEmitter {
      override off(): this {
        throw new Error('off');
      }
    }
    const emitter = new Broken();
    const source = fromEvents<number>(emitter, 'x', { endEvent: 'end' });
    const seen = source.sinkToList();
    for (const x of [1, 2]) {
      const done = source.start();
      await turn();
      emitter.emit('x', x);
      emitter.emit('end');
      await expect(done).rejects.toThrow('off');
      expect(source.state).toBe('failed');
      emitter.removeAllListeners();
    }
    expect(seen).toEqual([1, 2]);
    const observed = fromObservable({
      subscribe() {
        throw new Error('subscribe');
      },
    });
    await expect(observed.start()).rejects.toThrow('subscribe');
    await expect(observed.start()).rejects.toThrow('subscribe');
  });

  it('that rejects with nothing fails the source, which goes on afterwards', async () => {
    let n = 0;
    const source = fromIterable({
      [Symbol.asyncIterator]: () => ({
        next: () => (n++ === 0 ? Promise.reject() : Promise.resolve({ done: true, value: 1 })),
      }),
    });
    await expect(source.start()).rejects.toBe(undefined);
    expect(source.state).toBe('failed');
    await source.start();
    expect(source.state).toBe('ended');
  });

  it('may give what is no step of an iteration', async () => {
    for (const step of [undefined, null, 3]) {
      const values = { [Symbol.iterator]: () => ({ next: () => step as never }) };
      const source = new Stream<number>();
      const message = `next() of the iterator must return an object, got ${step}`;
      expect(() => source.emitMany(values)).toThrow(`Cannot emitMany: ${message}`);
      await expect(fromIterable(values).start()).rejects.toThrow(`Cannot fromIterable: ${message}`);
      const later = { [Symbol.asyncIterator]: () => ({ next: async () => step as never }) };
      await expect(fromIterable(later).start()).rejects.toThrow(message);
      source.sink(() => {});
      expect(source.emit(1)).toBeUndefined();
    }
  });
});
