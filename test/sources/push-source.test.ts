import { EventEmitter } from 'node:events';
import { from, NEVER, of, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { fromEvents, fromObservable, MillraceError } from '../../src/index.ts';

const turn = () => new Promise(setImmediate);

describe('fromEvents()', () => {
  it('listens from start to stop only, and begins again', async () => {
    const emitter = new EventEmitter();
    const source = fromEvents<unknown>(emitter, 'x');
    const seen = source.sinkToList();
    emitter.emit('x', 0);
    void source.start();
    await turn();
    emitter.emit('x', 1);
    emitter.emit('x', 2, 3);
    await turn();
    await source.stop();
    expect(emitter.listenerCount('x')).toBe(0);
    emitter.emit('x', 4);
    void source.start();
    await turn();
    emitter.emit('x', 5);
    await turn();
    await source.stop();
    expect(seen).toEqual([1, [2, 3], 5]);
    expect(emitter.eventNames()).toEqual([]);
  });

  it('takes an EventTarget', async () => {
    const target = new EventTarget();
    const source = fromEvents<Event>(target, 'ping', { endEvent: 'close' });
    const seen = source.map((event) => event.type).sinkToList();
    const done = source.start();
    await turn();
    target.dispatchEvent(new Event('ping'));
    target.dispatchEvent(new Event('close'));
    await done;
    expect(seen).toEqual(['ping']);
  });

  it('fails with the error event, after what came before it', async () => {
    const emitter = new EventEmitter();
    const source = fromEvents<number>(emitter, 'x');
    const seen = source.sinkToList();
    const done = source.start();
    await turn();
    emitter.emit('x', 1);
    emitter.emit('error', new Error('unplugged'));
    await expect(done).rejects.toThrow('unplugged');
    expect(seen).toEqual([1]);
    expect(source.state).toBe('failed');
  });

  /** Emits 1 … 5 while the graph is busy with 1, and gives what arrives with a capacity of 2. */
  async function overrun(overflow: 'error' | 'dropNewest' | 'dropOldest') {
    const emitter = new EventEmitter();
    const errors: unknown[] = [];
    const source = fromEvents<number>(emitter, 'x', {
      capacity: 2,
      overflow,
      endEvent: 'end',
      onError: (error) => void errors.push(error),
    });
    const seen: number[] = [];
    let open = (): void => undefined;
    source.sink((x) => {
      seen.push(x);
      if (x === 1) {
        return new Promise<void>((resolve) => {
          open = resolve;
        });
      }
      return undefined;
    });
    const done = source.start();
    await turn();
    emitter.emit('x', 1);
    await turn();
    for (const x of [2, 3, 4, 5]) emitter.emit('x', x);
    expect(source.waiting).toBe(2);
    emitter.emit('end');
    open();
    await done;
    return { seen, errors, dropped: source.dropped };
  }

  it('drops the newest, drops the oldest or reports, as told', async () => {
    expect(await overrun('dropNewest')).toEqual({ seen: [1, 2, 3], errors: [], dropped: 2 });
    expect(await overrun('dropOldest')).toEqual({ seen: [1, 4, 5], errors: [], dropped: 2 });
    const { seen, errors } = await overrun('error');
    expect(seen).toEqual([1, 2, 3]);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toBeInstanceOf(MillraceError);
    expect(errors[0]).toMatchObject({
      code: 'ERR_SOURCE_OVERFLOW',
      message: expect.stringContaining(
        'Cannot accept 2 more elements in fromEvents: 2 wait already',
      ),
    });
  });

  it('keeps what waits at a stop for the next start', async () => {
    const emitter = new EventEmitter();
    const source = fromEvents<number>(emitter, 'x');
    const seen: number[] = [];
    source.sink(async (x) => {
      seen.push(x);
      await turn();
    });
    void source.start();
    await turn();
    for (const x of [1, 2, 3]) emitter.emit('x', x);
    await source.stop();
    expect(seen.length).toBeLessThan(3);
    void source.start();
    for (let i = 0; i < 10; i++) await turn();
    await source.stop();
    expect(seen).toEqual([1, 2, 3]);
  });

  it.each([
    [null, {}, /EventEmitter or EventTarget.*null/],
    [{ on() {} }, {}, /EventEmitter or EventTarget/],
    [new EventEmitter(), { capacity: 0 }, /capacity must be a positive integer, got 0/],
    [new EventEmitter(), { overflow: 'never' }, /overflow must be .*"never"/],
    [new EventEmitter(), { size: 1 }, /"size" is not an option/],
  ])('refuses %j with %j', (emitter, options, message) => {
    expect(() => fromEvents(emitter as never, 'x', options as never)).toThrow(message);
  });
});

describe('fromObservable()', () => {
  it('takes what an observable emits and ends with it', async () => {
    const source = fromObservable(from([1, 2, 3]));
    const seen = source.sinkToList();
    await source.start();
    expect(seen).toEqual([1, 2, 3]);
    expect(source.state).toBe('ended');
    await source.start();
    expect(seen).toEqual([1, 2, 3, 1, 2, 3]);
  });

  it('fails with an observable that fails, and unsubscribes from one that never ends', async () => {
    await expect(fromObservable(throwError(() => new Error('no'))).start()).rejects.toThrow('no');
    const never = fromObservable(NEVER);
    const done = never.start();
    await turn();
    await never.stop();
    await done;
    expect(never.state).toBe('stopped');
  });

  it('reports an observable that emits more at once than may wait', async () => {
    const source = fromObservable(of(1, 2, 3), { capacity: 2 });
    await expect(source.start()).rejects.toMatchObject({ code: 'ERR_SOURCE_OVERFLOW' });
  });

  it('refuses what is none', () => {
    expect(() => fromObservable(7 as never)).toThrow(/Symbol.observable or subscribe.*7/);
  });
});
