import type { Shape } from './drawing.ts';

/** Shapes of operators, those of streamz where it has the operator; an ellipse for the rest. */
const SHAPES: Readonly<Record<string, Shape>> = {
  source: 'doubleoctagon',
  accumulate: 'box',
  partition: 'diamond',
  partitionUnique: 'diamond',
  slidingWindow: 'diamond',
  buffer: 'diamond',
  timedWindow: 'octagon',
  timedWindowUnique: 'octagon',
  delay: 'octagon',
  rateLimit: 'octagon',
  latest: 'octagon',
  zip: 'triangle',
  combineLatest: 'triangle',
  zipLatest: 'triangle',
};

/** The shape of an operator; whatever ends a branch looks like a sink. */
export function shapeOf(operator: string): Shape {
  return SHAPES[operator] ?? (/^(sink|to[A-Z])/.test(operator) ? 'trapezium' : 'ellipse');
}
