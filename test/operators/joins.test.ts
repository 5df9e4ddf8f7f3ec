import { expect, it } from 'vitest';
import { literal } from '../../src/operators/literal.ts';
import { Stream } from '../../src/stream.ts';
import { describeForms, turn } from '../graph/forms.ts';

describeForms('joins', () => {
  it('zip packs constants at their positions', () => {
    const a = new Stream<number>();
    const b = new Stream<string>();
    const seen = a.zip(123, b, literal({ maxsize: 1 }), { maxsize: 2 }).sinkToList();
    a.emit(1);
    b.emit('x');
    expect(seen).toEqual([[1, 123, 'x', { maxsize: 1 }]]);
  });

  it('zip of a stream with itself pairs each element with itself', () => {
    const a = new Stream<number>();
    const seen = a.zip(a).sinkToList();
    a.emitMany([1, 2]);
    expect(seen).toEqual([
      [1, 1],
      [2, 2],
    ]);
  });

  it('zip holds back whoever is more than maxsize ahead, until there is room', async () => {
    const a = new Stream<number>();
    const b = new Stream<number>();
    const seen = a.zip(b, { maxsize: 2 }).sinkToList();
    expect(a.emit(1)).toBeUndefined();
    expect(a.emit(2)).toBeUndefined();
    let isAccepted = false;
    const accepted = a.emit(3);
    accepted!.then(() => {
      isAccepted = true;
    });
    await turn();
    expect(isAccepted).toBe(false);
    b.emit(10);
    await accepted;
    expect(seen).toEqual([[1, 10]]);
  });

  it('emitMany waits for room and then goes on, in order', async () => {
    const a = new Stream<number>();
    const b = new Stream<number>();
    const seen = a.zip(b, { maxsize: 1 }).sinkToList();
    const all = a.emitMany([1, 2, 3, 4]);
    const rest = b.emitMany(new Set([10, 20, 30, 40]));
    await Promise.all([all, rest]);
    expect(seen).toEqual([
      [1, 10],
      [2, 20],
      [3, 30],
      [4, 40],
    ]);
  });

  it('zip takes another input, and emits what is complete when one is gone', () => {
    const [a, b, c] = [new Stream<number>(), new Stream<number>(), new Stream<number>()];
    const zipped = a.zip(b);
    const seen = zipped.sinkToList() as unknown[];
    a.emit(1);
    b.emit(2);
    c.connect(zipped);
    a.emitMany([3, 4]);
    b.emitMany([5, 6]);
    expect(seen).toEqual([[1, 2]]);
    c.disconnect(zipped);
    expect(seen).toEqual([
      [1, 2],
      [3, 5],
      [4, 6],
    ]);
    a.emit(7);
    b.emit(8);
    expect(seen.at(-1)).toEqual([7, 8]);
  });

  it('an input that is disconnected during an emission gets nothing more of it', () => {
    const a = new Stream<number>();
    const b = new Stream<number>();
    const zipped = b.zip(a);
    a.sink((x) => {
      if (x === 2) b.disconnect(zipped);
    });
    a.connect(zipped);
    const later = a.map((x) => -x);
    later.connect(zipped);
    const seen = zipped.sinkToList() as unknown[];
    b.emitMany([10]);
    a.emit(1);
    a.emit(2);
    a.emit(3);
    expect(seen).toEqual([
      [10, 1, -1],
      [2, -2],
      [3, -3],
    ]);
  });

  it('combineLatest emits on the streams or positions named', () => {
    const a = new Stream<number>();
    const b = new Stream<number>();
    const onA = a.combineLatest(b, { emitOn: a }).sinkToList();
    const onB = a.combineLatest(b, { emitOn: 1 }).sinkToList();
    const onBoth = a.combineLatest(b, { emitOn: [0, b] }).sinkToList();
    a.emit(1);
    b.emit(2);
    a.emit(3);
    expect(onA).toEqual([[3, 2]]);
    expect(onB).toEqual([[1, 2]]);
    expect(onBoth).toEqual([
      [1, 2],
      [3, 2],
    ]);
  });

  it('combineLatest of a stream with itself, and after losing an input that has spoken', () => {
    const a = new Stream<number>();
    const b = new Stream<number>();
    const twice = a.combineLatest(a).sinkToList();
    const both = a.combineLatest(b, { emitOn: b });
    const seen = both.sinkToList() as unknown[];
    a.emit(1);
    a.emit(2);
    expect(twice).toEqual([
      [1, 1],
      [2, 1],
      [2, 2],
    ]);
    b.emit(3);
    b.disconnect(both);
    a.emit(4);
    expect(seen).toEqual([[2, 3], [4]]);
  });

  it('zipLatest emits every element of the first stream, with the latest of the others', () => {
    const a = new Stream<string>();
    const b = new Stream<number>();
    const c = new Stream<number>();
    const zipped = a.zipLatest(b);
    const seen = zipped.sinkToList() as unknown[];
    a.emitMany(['x', 'y']);
    b.emitMany([1, 2]);
    a.emit('z');
    c.connect(zipped);
    a.emit('w');
    expect(seen).toEqual([
      ['x', 1],
      ['y', 1],
      ['z', 2],
    ]);
    c.disconnect(zipped);
    expect(seen.at(-1)).toEqual(['w', 2]);
  });

  it('union takes from a stream connected later, once', () => {
    const a = new Stream<number>();
    const b = new Stream<number>();
    const all = a.union();
    const seen = all.sinkToList();
    b.connect(all);
    b.connect(all);
    a.emit(1);
    b.emit(2);
    b.disconnect(all);
    b.emit(3);
    expect(seen).toEqual([1, 2]);
  });
});
