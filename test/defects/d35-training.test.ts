import { expect, it } from 'vitest';
import { Stream } from '../../src/index.ts';
import { describeForms } from '../graph/forms.ts';

describeForms(
  'D35, streamz fails on samples without a weight, and scores what it has just learned',
  () => {
    it('a pair is a sample, and the prediction is from before', async () => {
      const order: string[] = [];
      const model = {
        learnOne: (_x: number, y: number) => order.push(`learn ${y}`),
        predictOne: (x: number) => {
          order.push(`predict ${x}`);
          return 0;
        },
      };
      const weights: unknown[] = [];
      const metric = {
        update: (_y: number, _p: number, w?: number) => weights.push(w),
        get: () => 0,
      };
      const source = new Stream<readonly [number, number, number?]>();
      source.train(model, { metric }).sink(() => new Promise(setImmediate));
      const accepted = source.emit([1, 2]);
      expect(accepted).toBeInstanceOf(Promise);
      await accepted;
      await source.emit([3, 4, 0.5]);
      expect(order).toEqual(['predict 1', 'learn 2', 'predict 3', 'learn 4']);
      expect(weights).toEqual([undefined, 0.5]);
    });
  },
);
