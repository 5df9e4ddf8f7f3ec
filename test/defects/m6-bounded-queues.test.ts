import { expect, it } from 'vitest';
import { Stream } from '../../src/stream.ts';
import { describeForms, timedSource } from '../graph/forms.ts';

const nodes: [string, (source: Stream<number>) => Stream<unknown>][] = [
  ['delay', (source) => source.delay(10, { maxsize: 5 })],
  ['buffer', (source) => source.buffer(5)],
  ['timedWindow', (source) => source.timedWindow(10, { maxsize: 5 })],
  ['timedWindowUnique', (source) => source.timedWindowUnique(10, { maxsize: 5 })],
  ['mapAsync', (source) => source.mapAsync(() => new Promise(() => {}), { parallelism: 5 })],
  ['zip', (source) => source.zip(new Stream(), { maxsize: 5 })],
  ['zipLatest', (source) => source.zipLatest(new Stream(), { maxsize: 5 })],
];

describeForms('M6, in streamz delay, zip and zip_latest hold without bound', () => {
  it.each(nodes)(
    '%s takes 5 elements, then refuses tryEmit and holds emit back',
    async (_, build) => {
      const { source } = timedSource();
      build(source);
      const taken = Array.from({ length: 100 }, (_item, i) => source.tryEmit(i));
      expect(taken.filter(Boolean)).toHaveLength(5);
      const waiting = source.emit(5);
      expect(waiting).toBeInstanceOf(Promise);
      source.destroy();
      await waiting;
    },
  );
});
