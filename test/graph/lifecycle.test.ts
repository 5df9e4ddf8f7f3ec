import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import type { DeadLetter } from '../../src/graph/error-policy.ts';
import { Stream } from '../../src/stream.ts';
import { acknowledgements, deferred, describeForms, timedSource, turn } from './forms.ts';

describeForms('the end of input', () => {
  it('flushes in order, from the source to the sinks', async () => {
    const { clock, source } = timedSource();
    const seen = source
      .partition(2)
      .delay(10)
      .buffer(5)
      .mapAsync(async (pair) => pair.length)
      .partition(3)
      .sinkToList();
    source.emitMany([1, 2, 3]);
    const ended = source.end();
    await clock.runAll();
    await ended;
    expect(seen).toEqual([[2, 1]]);
    expect(clock.pending).toBe(0);
  });

  it('leaves out what is unfinished where told to, and acknowledges it', async () => {
    const { source } = timedSource();
    const { log, options } = acknowledgements();
    const kept = source.partition(2, { key: (x) => x % 2 }).sinkToList();
    const dropped = source.partition(2, { flush: false }).sinkToList();
    for (const x of [1, 2, 3]) source.emit(x, options(x));
    expect(log).toEqual([[1, 'ok']]);
    await source.end();
    expect(kept).toEqual([[1, 3], [2]]);
    expect(dropped).toEqual([[1, 2]]);
    expect(log.sort()).toEqual([
      [1, 'ok'],
      [2, 'ok'],
      [3, 'ok'],
    ]);
  });

  it('is refused to emitters, however they hold emit', async () => {
    const { source } = timedSource();
    const mapped = source.map((x) => x);
    mapped.sinkToList();
    source.emit(1);
    mapped.emit(1);
    const { emit } = source;
    await source.end();
    const refused = { name: 'MillraceError', code: 'ERR_ENDED' };
    expect(() => source.emit(2)).toThrow(expect.objectContaining(refused));
    expect(() => emit(2)).toThrow(expect.objectContaining(refused));
    expect(() => source.emitMany([2])).toThrow(expect.objectContaining(refused));
    expect(() => mapped.emit(2)).toThrow(expect.objectContaining(refused));
  });

  it('waits for sinks that are still at work', async () => {
    const { source } = timedSource();
    const work = deferred();
    source.sink(() => work.promise);
    source.emit(1);
    let hasEnded = false;
    const ended = source.end().then(() => {
      hasEnded = true;
    });
    await turn();
    expect(hasEnded).toBe(false);
    work.resolve();
    await ended;
  });

  it('reaches a union when its last input has ended', async () => {
    const a = timedSource().source;
    const b = timedSource().source;
    const seen = a.union(b).partition(3).sinkToList();
    a.emit(1);
    await a.end();
    b.emit(2);
    expect(seen).toEqual([]);
    await b.end();
    expect(seen).toEqual([[1, 2]]);
  });

  it('is the same for ends at the same time, and again', async () => {
    const a = timedSource().source;
    const b = timedSource().source;
    const seen = a.buffer(3).union(b.buffer(3)).partition(9).sinkToList();
    a.emitMany([1, 2]);
    b.emitMany([3]);
    await Promise.all([a.end(), b.end(), a.end()]);
    expect(seen.flat().sort()).toEqual([1, 2, 3]);
    expect(seen).toHaveLength(1);
    await a.end();
    expect(seen).toHaveLength(1);
  });

  it('propagates upstream to the sources, as start and stop do', async () => {
    const { source } = timedSource();
    const pairs = source.partition(2);
    const seen = pairs.sinkToList();
    source.emit(1);
    await pairs.end();
    expect(seen).toEqual([[1]]);
    expect(() => source.emit(2)).toThrow('has ended');
  });

  it('lets a loop run out first', async () => {
    const { source } = timedSource();
    const next = source.mapAsync(async (x) => x - 1).buffer(2);
    const seen = next.sinkToList();
    const groups = next.partition(10).sinkToList();
    next.filter((x) => x > 0).connect(source);
    source.emit(5);
    await source.end();
    expect(seen).toEqual([4, 3, 2, 1, 0]);
    expect(groups).toEqual([[4, 3, 2, 1, 0]]);
  });

  it('flushes a partition of a loop when nothing goes round any more', async () => {
    const { source } = timedSource();
    const pairs = source.partition(2);
    const seen = pairs.sinkToList();
    const sums = pairs.map((pair) => pair.reduce((sum, x) => sum + x, 0)).filter((x) => x < 10);
    sums.mapAsync(async (x) => x).connect(source);
    source.emitMany([1, 2, 3]);
    await source.end();
    // Once round, [1, 2] pairs up with the 3 that was there.
    expect(seen.slice(0, 2)).toEqual([
      [1, 2],
      [3, 3],
    ]);
    expect(seen.at(-1)).toEqual([6]);
  });

  it('lets a window that is being delivered go first', async () => {
    const { clock, source } = timedSource();
    const delivery = deferred();
    const finished: number[] = [];
    source.timedWindow(10).sink(async ([x]) => {
      if (x === 1) await delivery.promise;
      if (x !== undefined) finished.push(x);
    });
    await clock.advance(5);
    source.emit(1);
    await clock.advance(5);
    source.emit(2);
    const ended = source.end();
    await turn();
    expect(finished).toEqual([]);
    delivery.resolve();
    await ended;
    expect(finished).toEqual([1, 2]);
  });

  it('rejects with the errors of what it flushed, after all the rest', async () => {
    const { source, errors } = timedSource();
    const seen: unknown[] = [];
    const boom = () => {
      throw new Error('boom');
    };
    source.partition(2).sink(boom);
    source.partition(3).sink((x) => void seen.push(x));
    source.partition(4).sink(boom);
    source.emit(1);
    await expect(source.end()).rejects.toThrow('2 branches failed');
    expect(seen).toEqual([[1]]);
    expect(errors).toEqual([]);
  });

  it('can be taken back by start', async () => {
    const { clock, source } = timedSource();
    const pairs = source.partition(2).sinkToList();
    const windows = source.timedWindow(10).sinkToList();
    await clock.advance(0);
    source.emit(1);
    await source.end();
    await clock.advance(50);
    expect([pairs, windows]).toEqual([[[1]], [[], [1]]]);
    await source.start();
    source.emit(2);
    await clock.advance(0);
    await source.end();
    expect(pairs).toEqual([[1], [2]]);
    expect(windows).toEqual([[], [1], [2]]);
    expect(clock.pending).toBe(0);
  });

  it('lets what zip holds go, and whoever waits for a partner that cannot come', async () => {
    const a = timedSource().source;
    const b = timedSource().source;
    const { log, options } = acknowledgements();
    const seen = a.zip(b, { maxsize: 1 }).sinkToList();
    a.emit(1, options('a1'));
    const waiting = a.emit(2, options('a2'));
    b.emit(3);
    await waiting;
    const stuck = a.emit(4, options('a4'));
    await b.end();
    await stuck;
    for (let x = 0; x < 100; x++) await a.emit(x);
    await a.end();
    expect(seen).toEqual([[1, 3]]);
    expect(log).toEqual([
      ['a1', 'ok'],
      ['a2', 'ok'],
      ['a4', 'ok'],
    ]);
  });
});

describeForms('stop', () => {
  it('leaves queues alone, waits for them, or gives them up', async () => {
    const { clock, source, errors } = timedSource();
    const { log, options } = acknowledgements();
    const seen = source.delay(10).sinkToList();
    source.emit(1, options(1));
    await source.stop();
    expect(seen).toEqual([]);
    const drained = source.stop({ drain: true });
    await clock.advance(10);
    await drained;
    expect(seen).toEqual([1]);
    source.emit(2, options(2));
    await source.stop({ drain: false });
    expect(clock.pending).toBe(0);
    source.emit(3, options(3));
    await clock.advance(10);
    expect(seen).toEqual([1, 3]);
    expect(errors).toEqual([]);
    expect(log).toEqual([
      [1, 'ok'],
      [2, 'Cannot deliver an element that delay held: the stream was stopped'],
      [3, 'ok'],
    ]);
  });

  it('gives up when its signal is aborted, and not before', async () => {
    const { source } = timedSource();
    const { log, options } = acknowledgements();
    const controller = new AbortController();
    source.buffer(3).sink(() => new Promise(() => {}));
    source.emit(1, options(1));
    source.emit(2, options(2));
    let isStopped = false;
    const stopped = source.stop({ signal: controller.signal }).then(() => {
      isStopped = true;
    });
    await turn();
    expect(isStopped).toBe(false);
    controller.abort();
    await stopped;
    // The sink still works on the first element.
    expect(log).toEqual([[2, expect.stringContaining('was stopped')]]);
  });

  it.each([
    ['fail', false],
    ['skip', false],
    ['deadLetter', false],
    ['fail', true],
  ] as const)(
    'gives up what waits for another attempt, then %s, through a queue: %s',
    async (then, isQueued) => {
      const { clock, source, errors } = timedSource();
      const { log, options } = acknowledgements();
      const letters = new Stream<DeadLetter>({ clock });
      const dead = letters.sinkToList();
      const attempts: number[] = [];
      const before = isQueued ? source.buffer(5) : source;
      before
        .map((x) => {
          attempts.push(x);
          if (x === 1) throw new Error('one');
          return x;
        })
        .onError({
          retry: { attempts: 9, backoff: '1h' },
          then: then === 'deadLetter' ? { deadLetter: letters } : then,
        });
      const emitted = source.emit(1, options(1));
      await turn();
      expect(clock.pending).toBe(1);
      await source.stop({ drain: false });
      await emitted;
      await turn();
      expect(clock.pending).toBe(0);
      expect(log).toEqual([[1, 'Cannot deliver an element that map held: the stream was stopped']]);
      source.emit(2, options(2));
      await turn();
      expect(attempts).toEqual([1, 2]);
      expect(dead).toEqual([]);
      expect(errors).toEqual([]);
      expect(log.at(-1)).toEqual([2, 'ok']);
    },
  );

  it('makes no call again that waits for another attempt', async () => {
    const { clock, source, errors } = timedSource();
    const { log, options } = acknowledgements();
    let calls = 0;
    source
      .mapAsync(async () => {
        calls++;
        throw new Error('never');
      })
      .onError({ retry: { attempts: 9, backoff: '1h' } });
    source.emit(1, options(1));
    await turn();
    await source.stop({ drain: false });
    await clock.runAll();
    expect(calls).toBe(1);
    expect(errors).toEqual([]);
    expect(log).toEqual([[1, expect.stringContaining('was stopped')]]);
  });

  it('keeps partitions that are not full', async () => {
    const { source } = timedSource();
    const seen = source.partition(2).sinkToList();
    source.emit(1);
    await source.stop({ drain: false });
    source.emit(2);
    expect(seen).toEqual([[1, 2]]);
  });
});

describeForms('destroy', () => {
  it('frees every timer and lets go of every element', async () => {
    const { clock, source, errors } = timedSource();
    const { log, options } = acknowledgements();
    source.delay(10);
    source.rateLimit(10);
    source.timedWindow(10);
    source.timedWindowUnique(10);
    source.partition(5, { timeout: 10 });
    source.mapAsync(() => new Promise(() => {}), { timeout: 10, parallelism: 2 });
    source.buffer(5).sinkToList();
    source.latest().sinkToList();
    source.slidingWindow(5);
    source.zip(new Stream());
    source.emit(1, options(1));
    source.emit(2, options(2))?.catch(() => {});
    source.destroy();
    await turn();
    expect(clock.pending).toBe(0);
    expect(log.map(([x]) => x).sort()).toEqual([1, 2]);
    expect(log.every(([, how]) => how.endsWith('it was destroyed'))).toBe(true);
    expect(errors).toEqual([]);
    expect(() => source.emit(3)).toThrow(expect.objectContaining({ code: 'ERR_DESTROYED' }));
  });

  it('ends a source first at the end of an await using block', async () => {
    const { source } = timedSource();
    const seen = source.partition(2).sinkToList();
    source.emit(1);
    await source[Symbol.asyncDispose]();
    expect(seen).toEqual([[1]]);
    expect(source.node.isDestroyed).toBe(true);
  });
});

it('nothing keeps a process alive after destroy, on the clock of the machine', () => {
  const path = fileURLToPath(new URL('./destroyed-process.ts', import.meta.url));
  const run = spawnSync(process.execPath, ['--import', 'tsx', path], {
    encoding: 'utf8',
    timeout: 150_000,
  });
  expect({ status: run.status, signal: run.signal, stderr: run.stderr }).toEqual({
    status: 0,
    signal: null,
    stderr: '',
  });
  expect(run.stdout.trim()).toBe('destroyed');
});
