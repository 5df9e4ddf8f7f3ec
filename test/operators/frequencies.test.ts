import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { FrequencyTable } from '../../src/operators/frequency-table.ts';
import { Stream } from '../../src/stream.ts';
import { describeForms } from '../graph/forms.ts';

const element = fc.oneof(
  fc.integer({ min: 0, max: 40 }),
  fc.constantFrom<unknown>(Number.NaN, -0, 0, Number.POSITIVE_INFINITY, '', '0', null, undefined),
);

describeForms('frequencies', () => {
  it('gives tables that show their own moment whenever they are read', () => {
    fc.assert(
      fc.property(
        fc.array(element, { maxLength: 400 }),
        fc.array(fc.nat(400), { maxLength: 20 }),
        (elements, early) => {
          const source = new Stream<unknown>();
          const tables = source.frequencies().sinkToList();
          const counts = new Map<unknown, number>();
          const wanted = elements.map((x, i) => {
            source.emit(x);
            counts.set(x, (counts.get(x) ?? 0) + 1);
            // The newest table is read while it is the newest, some older ones while others follow.
            if (i % 3 === 0) expect([...tables[i]!]).toEqual([...counts]);
            const old = early[i % early.length];
            if (old !== undefined && old < i) expect(tables[old]!.has(elements[0])).toBe(true);
            return new Map(counts);
          });
          tables.forEach((table, i) => {
            expect([...table]).toEqual([...wanted[i]!]);
            expect(table.size).toBe(wanted[i]!.size);
            for (const x of elements) expect(table.get(x)).toBe(wanted[i]!.get(x));
          });
        },
      ),
      { numRuns: 60 },
    );
  });

  it('keeps old tables right over many epochs', () => {
    const source = new Stream<number>();
    const kept: [at: number, FrequencyTable<number>][] = [];
    const key = (i: number) => (i * 7919) % (1 + Math.floor(i / 5));
    const total = 30_000;
    let at = 0;
    source.frequencies().sink((table) => {
      at++;
      if (at % 997 === 0) kept.push([at, table]);
    });
    for (let i = 0; i < total; i++) source.emit(key(i));
    for (const [length, table] of kept) {
      const counts = new Map<number, number>();
      for (let i = 0; i < length; i++) counts.set(key(i), (counts.get(key(i)) ?? 0) + 1);
      expect(new Map(table)).toEqual(counts);
    }
    expect(kept.length).toBe(Math.floor(total / 997));
  });

  it('shows a stable view to an iterator that is open while elements come', () => {
    const source = new Stream<string>();
    const tables = source.frequencies().sinkToList();
    source.emitMany(['a', 'b']);
    const entries = tables[1]!.entries();
    expect(entries.next().value).toEqual(['a', 1]);
    source.emitMany(['b', 'c']);
    expect([...entries]).toEqual([['b', 1]]);
  });

  it('emits changes instead where told', () => {
    const source = new Stream<string>();
    const changes = source.frequencies({ emit: 'changes' }).sinkToList();
    source.emitMany(['a', 'b', 'a']);
    expect(changes).toEqual([
      ['a', 1],
      ['b', 1],
      ['a', 2],
    ]);
  });

  it('goes on from a snapshot of many keys', () => {
    const first = new Stream<number>();
    const counted = first.frequencies();
    const keys = Array.from({ length: 100 }, (_, i) => i);
    first.emitMany([...keys, ...keys]);
    const second = new Stream<number>();
    const restored = second.frequencies();
    const tables = restored.sinkToList();
    restored.restore(structuredClone(counted.snapshot()!));
    second.emit(99);
    expect([...tables[0]!]).toEqual(keys.map((key) => [key, key === 99 ? 3 : 2]));
  });

  it('reads like a Map', () => {
    const source = new Stream<string>();
    const tables = source.frequencies().sinkToList();
    source.emitMany(['a', 'b', 'a']);
    const last = tables.at(-1)!;
    const seen: unknown[] = [];
    last.forEach((count, key, all) => void seen.push([key, count, all === last]));
    expect(seen).toEqual([
      ['a', 2, true],
      ['b', 1, true],
    ]);
    expect([...last.keys()]).toEqual(['a', 'b']);
    expect([...last.values()]).toEqual([2, 1]);
    expect(String(last)).toBe('[object FrequencyTable]');
    expect(last.get('c')).toBeUndefined();
    expect(tables[0]!.has('b')).toBe(false);
  });
});
