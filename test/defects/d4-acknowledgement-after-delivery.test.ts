import { expect, it } from 'vitest';
import type { Stream } from '../../src/stream.ts';
import { acknowledgements, deferred, describeForms, timedSource, turn } from '../graph/forms.ts';

const nodes: [string, (source: Stream<number>) => Stream<unknown>][] = [
  ['timedWindow', (source) => source.timedWindow(10)],
  ['timedWindowUnique', (source) => source.timedWindowUnique(10)],
  ['slidingWindow', (source) => source.slidingWindow(1)],
  ['partition', (source) => source.partition(1)],
  ['partition with a timeout', (source) => source.partition(2, { timeout: 10 })],
  ['zip', (source) => source.zip(source)],
  ['delay', (source) => source.delay(10)],
  ['latest', (source) => source.latest()],
  ['mapAsync', (source) => source.mapAsync(async (x) => x)],
];

describeForms('D4, streamz acknowledges before what follows has finished, in', () => {
  it.each(nodes)('%s acknowledges after the delivery', async (_, build) => {
    const { clock, source } = timedSource();
    const { log, options } = acknowledgements();
    const delivery = deferred();
    let isDelivering = false;
    build(source).sink((x) => {
      if (Array.isArray(x) && x.length === 0) return undefined;
      isDelivering = true;
      return delivery.promise;
    });
    await clock.advance(1);
    source.emit(1, options(1));
    await clock.advance(10);
    expect([isDelivering, log]).toEqual([true, []]);
    delivery.resolve();
    await turn();
    expect(log).toEqual([[1, 'ok']]);
    source.destroy();
  });
});
