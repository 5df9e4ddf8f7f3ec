import { describe } from '../graph/arguments.ts';
import { defineOperator, type Operator } from '../graph/operator.ts';
import { type Callback, callback } from './callback.ts';
import { map } from './map.ts';

/** A model that changes what it is given, such as a scaler. */
export interface Transformer<X, Y> {
  transformOne(x: X): Y;
}

/** A model that predicts from what it has learned. */
export interface Predictor<X, P> {
  predictOne(x: X): P;
}

/** A model that learns from one sample at a time. */
export interface Learner<X, Y> {
  learnOne(x: X, y: Y, weight?: number): unknown;
}

/** A score of predictions that is kept up to date. */
export interface Metric<Y, P> {
  update(truth: Y, prediction: P, weight?: number): unknown;
  get(): number;
}

/** One sample: the features, and where they are known the target and a weight (default 1). */
export type Sample<X, Y> = readonly [x: X, y?: Y, weight?: number];

/** Options of `train`. */
export interface TrainOptions<Y, P> {
  /** Emit the value of this metric at every sample; the model must have `predictOne`. */
  readonly metric?: Metric<Y, P>;
  /** Emit the model at every sample. Not together with `metric`. */
  readonly passModel?: boolean;
}

/** Emits what a model makes of each element. */
export const transform: Operator<Callback, undefined> = { ...map, name: 'transform' };

/** Emits what a model predicts for each element. */
export const predict: Operator<Callback, undefined> = { ...map, name: 'predict' };

/** Has a model learn from each sample; emits as its options say, or nothing. */
export const train = defineOperator<TrainParams, undefined>({
  name: 'train',
  version: 1,
  create: () => undefined,
  link: ({ params }, send) => {
    const { learn, emits } = params;
    return (sample, tag) => {
      const result = learn(sample as Sample<unknown, unknown>);
      return emits ? send(result, tag) : undefined;
    };
  },
});

/** What `train` does with a sample, and whether it emits what comes of it. */
export interface TrainParams {
  readonly learn: (sample: Sample<unknown, unknown>) => unknown;
  readonly emits: boolean;
}

/** A callback of one of a model's methods. */
export function modelCallback(
  operator: string,
  model: unknown,
  method: 'transformOne' | 'predictOne',
): Callback {
  requireMethod(operator, model, method);
  const call = (x: unknown) => (model as Record<string, (x: unknown) => unknown>)[method]?.(x);
  return callback(operator, 'model', call, []);
}

/** Checks the arguments of `train`. */
export function trainParams(model: unknown, options: TrainOptions<never, never> = {}): TrainParams {
  requireMethod('train', model, 'learnOne');
  const learner = model as Learner<unknown, unknown> & Predictor<unknown, unknown>;
  const { passModel = false } = options;
  const metric = options.metric as Metric<unknown, unknown> | undefined;
  if (metric === undefined) {
    const learn = ([x, y, weight]: Sample<unknown, unknown>) => {
      learner.learnOne(x, y, weight);
      return model;
    };
    return { learn, emits: passModel };
  }
  if (passModel) {
    throw new TypeError('Cannot create train: metric and passModel exclude each other, got both');
  }
  requireMethod('train', model, 'predictOne');
  requireMethod('train', metric, 'update');
  requireMethod('train', metric, 'get');
  const learn = ([x, y, weight]: Sample<unknown, unknown>) => {
    // Predicted before it is learned: a model that has seen the answer would score too well.
    metric.update(y, learner.predictOne(x), weight);
    learner.learnOne(x, y, weight);
    return metric.get();
  };
  return { learn, emits: true };
}

function requireMethod(operator: string, value: unknown, method: string): void {
  if (typeof Object(value)[method] === 'function') return;
  throw new TypeError(
    `Cannot create ${operator}: an object with ${method}() is wanted, got ${describe(value)}`,
  );
}
