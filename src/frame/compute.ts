import type { KernelInput } from '../device/chains.ts';
import { Kernels } from '../device/kernels.ts';
import { noteCrossing } from '../observe/crossings.ts';
import type { Stream } from '../stream.ts';
import { shown } from './checks.ts';
import { planNodeOf } from './column-node.ts';
import { derived } from './derive.ts';
import type { Column } from './output/column.ts';
import type { PlanNode } from './plan/plan-node.ts';
import type { Series } from './series.ts';
import type { ColumnType } from './types.ts';

/** What `compute` makes of kernels that yield `R`: of columns of f32 a series, else a stream. */
export type Computed<R, N extends string> = R extends Float32Array ? Series<'f32', N> : Stream<R>;

const TYPES: ReadonlySet<ColumnType> = new Set(['f32', 'f64', 'i32', 'u32']);

/** The results of kernels over the batches of a column, beside its plan. */
export function compute(node: PlanNode, kernels: unknown): unknown {
  if (!(kernels instanceof Kernels)) {
    throw new TypeError(
      `Cannot create compute: expected kernels such as kernels().sort(), got ${shown(kernels)}`,
    );
  }
  const { name, type } = node.columns[0]!;
  if (!TYPES.has(type)) {
    throw new TypeError(
      `Cannot create compute: column '${name}' must be f32, f64, i32 or u32, got ${type}`,
    );
  }
  const run = kernels.start();
  const part = {
    operator: 'compute',
    snapshot: () => run.snapshot(),
    restore: (data: unknown) => run.restore(data as Uint8Array),
    explain: () => run.explain(),
  };
  const advance = (column: unknown) => run.push(valuesOf(column as Column));
  if (!kernels.yieldsSeries) {
    const stream = derived().stream();
    node.graph.keep(part);
    node.graph.subscribe(node, (column) => stream.emit(advance(column)), true);
    noteCrossing(node, stream.node);
    return stream;
  }
  const series = derived().series('f32', name);
  const { graph } = planNodeOf(series);
  graph.feedFrom(node, {
    receive(column) {
      const results = advance(column) as Float32Array;
      return results.length === 0 ? undefined : series.emit(results as never);
    },
    ended: () => series.end(),
    reuse: true,
  });
  graph.keep(part);
  return series;
}

/** The values of a column that lacks none. */
function valuesOf({ name, nullCount, validity, values }: Column): KernelInput {
  if (nullCount === 0) return values as KernelInput;
  const row = firstMissing(validity!);
  throw new TypeError(
    `Cannot compute column '${name}': row ${row} is missing; fill or drop what is missing before`,
  );
}

/** The first row whose bit is not set; past the last where there is none. */
export function firstMissing(validity: Uint8Array): number {
  const byte = validity.findIndex((bits) => bits !== 0xff);
  if (byte < 0) return 8 * validity.length;
  return 8 * byte + 31 - Math.clz32(~validity[byte]! & -~validity[byte]!);
}
