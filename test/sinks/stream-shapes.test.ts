import { PassThrough, Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { from, lastValueFrom, map, take, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { fromIterable, Stream } from '../../src/index.ts';

/** Whether a promise is still pending after everything that is ready has run. */
async function isPending(promise: Promise<unknown> | undefined): Promise<boolean> {
  if (promise === undefined) return false;
  let pending = true;
  const settled = () => {
    pending = false;
  };
  promise.then(settled, settled);
  await new Promise(setImmediate);
  return pending;
}

describe('[Symbol.asyncIterator]()', () => {
  it('accepts an element when it is asked for, and is done when the input ends', async () => {
    const source = new Stream<number>();
    const iterator = source[Symbol.asyncIterator]();
    const first = source.emit(1);
    expect(await isPending(first)).toBe(true);
    expect(await iterator.next()).toEqual({ done: false, value: 1 });
    expect(await isPending(first)).toBe(false);
    const asked = iterator.next();
    expect(source.emit(2)).toBeUndefined();
    expect(await asked).toEqual({ done: false, value: 2 });
    const last = [iterator.next(), iterator.next()];
    await source.end();
    expect(await Promise.all(last)).toEqual([
      { done: true, value: undefined },
      { done: true, value: undefined },
    ]);
  });

  it('gives what was emitted before the end after it', async () => {
    const source = new Stream<string>();
    const iterator = source[Symbol.asyncIterator]();
    void source.emit('a');
    void source.emit('b');
    await Promise.race([source.end(), new Promise(setImmediate)]);
    expect(await Readable.from(iterator).toArray()).toEqual(['a', 'b']);
  });

  it('leaves the graph, and lets emitters go on, when the loop is left', async () => {
    const source = new Stream<number>();
    const iterator = source[Symbol.asyncIterator]();
    const emitted = [source.emit(1), source.emit(2), source.emit(3)];
    for await (const x of iterator) if (x === 1) break;
    await Promise.all(emitted);
    expect(source.downstreams).toEqual([]);
    expect(source.emit(4)).toBeUndefined();
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  it('is done when the stream is destroyed', async () => {
    const source = new Stream<number>();
    const asked = source
      .map((x) => x)
      [Symbol.asyncIterator]()
      .next();
    source.destroy();
    expect(await asked).toEqual({ done: true, value: undefined });
  });

  it('acknowledges an element once it is asked for', async () => {
    const source = new Stream<number>();
    const iterator = source[Symbol.asyncIterator]();
    let acknowledged = 0;
    void source.emit(1, { acknowledge: () => acknowledged++ });
    await new Promise(setImmediate);
    expect(acknowledged).toBe(0);
    await iterator.next();
    await new Promise(setImmediate);
    expect(acknowledged).toBe(1);
  });
});

describe('Node streams', () => {
  it('go in and out of a graph in one pipeline, in order', async () => {
    const source = new Stream<number>();
    const readable = source
      .filter((x) => x % 2 === 0)
      .map((x) => `${x}\n`)
      .toReadable();
    const text = pipeline(readable, new PassThrough(), async (chunks: AsyncIterable<Buffer>) => {
      let all = '';
      for await (const chunk of chunks) all += chunk;
      return all;
    });
    await pipeline(Readable.from([1, 2, 3, 4, 5, 6]), source.toWritable());
    expect(await text).toBe('2\n4\n6\n');
  });

  it('hold the producer back while the graph is busy', async () => {
    const source = new Stream<number>();
    const open: (() => void)[] = [];
    source.sink(() => new Promise<void>((resolve) => open.push(resolve)));
    const writable = source.toWritable({ highWaterMark: 2 });
    expect(writable.write(1)).toBe(true);
    expect(writable.write(2)).toBe(false);
    await new Promise(setImmediate);
    expect(open).toHaveLength(1);
    open[0]!();
    await new Promise(setImmediate);
    expect(open).toHaveLength(2);
    writable.destroy();
  });

  it('fail with the error of an element', async () => {
    const source = new Stream<number>();
    source.sink((x) => {
      if (x === 2) throw new RangeError('two');
    });
    const written = pipeline(Readable.from([1, 2, 3]), source.toWritable());
    await expect(written).rejects.toThrow('two');
  });

  it('fail with an Error even where something else was thrown', async () => {
    const source = new Stream<number>();
    source.sink(() => {
      throw 'a string';
    });
    const written = pipeline(Readable.from([1]), source.toWritable({ end: false }));
    await expect(written).rejects.toThrow('a string');
  });

  it('leave the stream open with end: false', async () => {
    const source = new Stream<number>();
    const seen = source.sinkToList();
    await pipeline(Readable.from([1]), source.toWritable({ end: false }));
    source.emit(2);
    expect(seen).toEqual([1, 2]);
  });

  it('can be a source by fromIterable', async () => {
    const upper = new Transform({
      objectMode: true,
      transform: (chunk, _encoding, callback) => callback(null, String(chunk).toUpperCase()),
    });
    const source = fromIterable<string>(Readable.from(['a', 'b']).pipe(upper));
    const seen = source.sinkToList();
    await source.start();
    expect(seen).toEqual(['A', 'B']);
  });
});

describe('Web streams', () => {
  it('go in and out of a graph, with backpressure', async () => {
    const source = new Stream<number>();
    const out = source.map((x) => x * 10).toReadableStream();
    const writer = source.toWritableStream().getWriter();
    const first = writer.write(1);
    expect(await isPending(first)).toBe(true);
    const reader = out.getReader();
    expect(await reader.read()).toEqual({ done: false, value: 10 });
    expect(await isPending(first)).toBe(false);
    const asked = reader.read();
    const closed = writer.close();
    expect(await asked).toEqual({ done: true, value: undefined });
    await closed;
    expect(() => source.emit(2)).toThrow();
  });

  it('leave the graph when cancelled', async () => {
    const source = new Stream<number>();
    const out = source.toReadableStream();
    await out.cancel();
    expect(source.downstreams).toEqual([]);
  });

  it('fail the writer with the error of an element, and can be a source by fromIterable', async () => {
    const source = new Stream<number>();
    source.sink(() => {
      throw new Error('no');
    });
    const writer = source.toWritableStream().getWriter();
    writer.closed.catch(() => undefined);
    await expect(writer.write(1)).rejects.toThrow('no');

    const web = new ReadableStream<number>({
      start(controller) {
        for (const x of [1, 2]) controller.enqueue(x);
        controller.close();
      },
    });
    const read = fromIterable<number>(web);
    const seen = read.sinkToList();
    await read.start();
    expect(seen).toEqual([1, 2]);
  });
});

describe('toObservable()', () => {
  it('works with RxJS, completes with the input and unsubscribes', async () => {
    const source = new Stream<number>();
    const all = lastValueFrom(
      from(source).pipe(
        map((x) => x + 1),
        toArray(),
      ),
    );
    const two = lastValueFrom(from(source).pipe(take(2), toArray()));
    source.emitMany([1, 2, 3]);
    expect(source.downstreams).toHaveLength(1);
    await source.end();
    expect(await all).toEqual([2, 3, 4]);
    expect(await two).toEqual([1, 2]);
  });
});
