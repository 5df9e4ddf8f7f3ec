import { expect, it } from 'vitest';
import { Stream } from '../../src/stream.ts';
import { describeForms, timedSource, turn } from './forms.ts';

/** Runs `work` and gives the exceptions that nobody caught meanwhile. */
async function uncaught(work: () => void): Promise<unknown[]> {
  const caught: unknown[] = [];
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => caught.push(error));
  try {
    work();
    await turn();
    await turn();
  } finally {
    process.removeAllListeners('uncaughtException');
    for (const listener of listeners) process.on('uncaughtException', listener);
  }
  return caught;
}

describeForms('an error that has no emitter', () => {
  it('goes to onError of the source, with where it came from', async () => {
    const failures: unknown[] = [];
    const source = new Stream<number>({
      onError: (error, failure) => failures.push([String(error), failure]),
    });
    const held = source.map((x) => x * 2).buffer(2);
    held.sink((x) => {
      throw new Error(`no ${x}`);
    });
    expect(source.emit(1)).toBeUndefined();
    await turn();
    expect(failures).toEqual([
      ['Error: no 2', { element: 2, operator: 'buffer', stream: undefined }],
    ]);
  });

  it('is an uncaught exception without it, and the graph goes on', async () => {
    const source = new Stream<number>();
    const seen = source.buffer(2).map((x) => {
      if (x === 1) throw new Error('no');
      return x;
    });
    const list = seen.sinkToList();
    expect(await uncaught(() => source.emitMany([1, 2]))).toEqual([new Error('no')]);
    expect(list).toEqual([2]);
  });

  it('is one too when onError throws or rejects', async () => {
    const errors = await uncaught(() => {
      for (const onError of [
        () => {
          throw new Error('thrown by onError');
        },
        () => Promise.reject(new Error('rejected by onError')),
      ]) {
        const source = new Stream<number>({ onError });
        source.latest().sink(() => {
          throw new Error('no');
        });
        source.emit(1);
      }
    });
    expect(errors).toEqual([new Error('thrown by onError'), new Error('rejected by onError')]);
  });

  it('is told once for several branches', async () => {
    const { source, errors } = timedSource();
    const held = source.buffer(2);
    held.sink(() => Promise.reject(new Error('a')));
    held.sink(() => {
      throw new Error('b');
    });
    source.emit(1);
    await turn();
    expect(errors).toHaveLength(1);
    expect(errors[0]).toBeInstanceOf(AggregateError);
  });
});

describeForms('tryEmit', () => {
  it('looks at every queue that the element reaches, and at no further one', async () => {
    const { source } = timedSource();
    const first = source.map((x) => x).buffer(3);
    first.buffer(1).sink(() => new Promise(() => {}));
    source.filter(() => false).buffer(2);
    const taken = [1, 2, 3, 4, 5, 6].map((x) => source.tryEmit(x));
    expect(taken).toEqual([true, true, true, false, false, false]);
  });

  it('follows the graph as it changes', () => {
    const { source } = timedSource();
    const held = source.buffer(1);
    const upstream = new Stream<number>();
    upstream.connect(source);
    expect([source.tryEmit(1), source.tryEmit(2)]).toEqual([true, false]);
    expect(upstream.tryEmit(2)).toBe(false);
    held.destroy();
    expect([source.tryEmit(3), upstream.tryEmit(3)]).toEqual([true, true]);
  });

  it('throws what a callback throws, and reports what fails later', async () => {
    const { source, errors } = timedSource();
    source.sink((x) => {
      if (x === 1) throw new Error('thrown');
      return Promise.reject(new Error('rejected'));
    });
    expect(() => source.tryEmit(1)).toThrow('thrown');
    expect(source.tryEmit(2)).toBe(true);
    await turn();
    expect(errors).toEqual([new Error('rejected')]);
  });
});
