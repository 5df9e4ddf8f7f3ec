import { expect, it } from 'vitest';
import { Series } from '../../src/index.ts';

it.each(['expanding', 'ewm'] as const)(
  'M1, streamz keeps every frame it has seen in %s: here the state does not grow',
  (kind) => {
    const series = new Series('f64');
    const means = kind === 'ewm' ? series.ewm({ span: 5 }).mean() : series.expanding().mean();
    means.sink(() => undefined);
    const size = () => means.snapshot().length;
    series.emit(new Float64Array(1000).map((_, i) => i));
    const before = size();
    for (let batch = 0; batch < 50; batch++) series.emit(new Float64Array(1000).map((_, i) => i));
    expect(size()).toBe(before);
  },
);
