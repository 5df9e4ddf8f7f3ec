import { expect, it } from 'vitest';
import { Stream } from '../../src/index.ts';
import { describeForms } from '../graph/forms.ts';

describeForms('M3, streamz remembers every element in unique', () => {
  it.each([{}, { hashable: false }])(
    'with maxsize no more keys than that are held, %j',
    (options) => {
      const source = new Stream<number>();
      const unique = source.unique({ maxsize: 10, ...options });
      let count = 0;
      unique.sink(() => {
        count++;
      });
      for (let i = 0; i < 1000; i++) source.emit(i);
      expect(count).toBe(1000);
      expect(JSON.stringify(unique.snapshot()).length).toBeLessThan(200);
    },
  );
});
