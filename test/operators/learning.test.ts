import { describe, expect, it } from 'vitest';
import { Stream } from '../../src/index.ts';

/** Predicts the mean of what it has learned. */
class Mean {
  n = 0;
  mean = 0;
  learnOne(_x: unknown, y: number, weight = 1): void {
    this.n += weight;
    this.mean += ((y - this.mean) * weight) / this.n;
  }
  predictOne(): number {
    return this.mean;
  }
}

class AbsoluteError {
  #sum = 0;
  update(truth: number, prediction: number, weight = 1): void {
    this.#sum += weight * Math.abs(truth - prediction);
  }
  get(): number {
    return this.#sum;
  }
}

describe('train()', () => {
  it('scores a sample before it is learned, with or without a weight', () => {
    const source = new Stream<readonly [null, number, number?]>();
    const errors = source.train(new Mean(), { metric: new AbsoluteError() }).sinkToList();
    source.emitMany([
      [null, 4],
      [null, 6],
      [null, 8, 2],
    ]);
    expect(errors).toEqual([4, 6, 12]);
  });

  it('emits the model with passModel, and nothing by default', () => {
    const source = new Stream<readonly [null, number]>();
    const model = new Mean();
    const models = source.train(model, { passModel: true }).sinkToList();
    const nothing = source.train(new Mean()).sinkToList();
    source.emitMany([
      [null, 1],
      [null, 3],
    ]);
    expect(models).toEqual([model, model]);
    expect(model.mean).toBe(2);
    expect(nothing).toEqual([]);
  });

  it('refuses both, and what cannot learn, predict or score', () => {
    const source = new Stream<readonly [null, number]>() as unknown as Stream<never>;
    const model = new Mean();
    const metric = new AbsoluteError();
    const train = (given: unknown, options: object) => () =>
      (source as never as { train(m: unknown, o: object): void }).train(given, options);
    expect(train(model, { metric, passModel: true })).toThrow(/exclude each other/);
    expect(train({}, {})).toThrow(/learnOne/);
    expect(train({ learnOne() {} }, { metric })).toThrow(/predictOne/);
    expect(train(model, { metric: { update() {} } })).toThrow(/get/);
  });
});

describe('transform() and predict()', () => {
  it('call the model, bound, while another branch trains it', () => {
    const source = new Stream<number>();
    const model = new Mean();
    const predicted = source.predict(model).sinkToList();
    source.map((y) => [null, y] as const).train(model);
    source.emitMany([2, 4]);
    expect(predicted).toEqual([0, 2]);
    class Scaler {
      readonly factor = 3;
      transformOne(x: number): number {
        return x * this.factor;
      }
    }
    const scaled = source.transform(new Scaler()).sinkToList();
    source.emit(5);
    expect(scaled).toEqual([15]);
  });

  it('refuse what is no model', () => {
    const source = new Stream<number>();
    expect(() => source.predict({} as never)).toThrow(/Cannot create predict: .*predictOne/);
    expect(() => source.transform(null as never)).toThrow(/transformOne/);
  });
});
