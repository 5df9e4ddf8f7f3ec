import type { Duration } from '../../time/duration.ts';
import { checkEmit, type EmittedGroups, type GroupEmission } from '../aggregate/count-options.ts';
import { findColumn } from '../aggregate/frame-aggregates.ts';
import { checkCount, checkNanoseconds, checkOptions, shown } from '../checks.ts';
import type { PlanNode } from '../plan/plan-node.ts';
import { Series } from '../series.ts';
import type { Schema } from '../types.ts';
import { groupKeys, type KeyColumn } from './group-by.ts';

/** The timestamp columns of `S`. */
export type TimestampKeys<S extends Schema> = {
  [P in keyof S & string]: S[P] extends 'timestamp' ? P : never;
}[keyof S & string];

/** Options of groups in a window. */
export interface WindowGroupOptions {
  /** What each batch emits; default `'all'`. */
  readonly emit?: EmittedGroups;
}

/** Options of `groupBy`: what a batch emits, and how long groups live. */
export interface GroupByOptions<S extends Schema = Schema> {
  /**
   * What each batch emits: `'all'` groups there are (default), at a cost that grows with their number,
   * or `'changes'`, those alone that the batch had rows of. With `'end'` batches emit nothing, and
   * `end()` emits all groups; not with `maxGroups` or `ttl`.
   */
  readonly emit?: GroupEmission;
  /**
   * The most groups there may be, at least 1. Where a key would be one more, the group that has been
   * without a row longest is given up: see `evicted()`. A key that comes again begins anew.
   */
  readonly maxGroups?: number;
  /**
   * How long a group may be without a row before it is given up, see {@link Duration}. Time is that of
   * the clock, looked at once a batch, or with `on` that of the rows: the greatest so far.
   */
  readonly ttl?: Duration;
  /** The timestamp column that `ttl` goes by. */
  readonly on?: TimestampKeys<S>;
}

interface GroupArguments {
  readonly keys: KeyColumn[];
  /** The options as the plan takes them. */
  readonly args: Readonly<Record<string, unknown>>;
}

/** The keys and options of `frame.groupBy(...)`. */
export function groupArguments(node: PlanNode, given: readonly unknown[]): GroupArguments {
  const { keys, options } = split<GroupByOptions>(given);
  checkOptions('groupBy', options, ['emit', 'maxGroups', 'ttl', 'on']);
  const { emit, maxGroups, ttl, on } = options;
  if (on !== undefined) {
    if (ttl === undefined) throw new TypeError('Cannot create groupBy: on is for ttl, got no ttl');
    const { type } = findColumn('groupBy', node, on);
    if (type !== 'timestamp') {
      throw new TypeError(
        `Cannot create groupBy: column ${shown(on)} must be a timestamp, got ${type}`,
      );
    }
  }
  const args = {
    ...checkEmit('groupBy', emit, maxGroups === undefined && ttl === undefined),
    ...(maxGroups === undefined
      ? {}
      : { maxGroups: checkCount('groupBy', 'maxGroups', maxGroups) }),
    ...(ttl === undefined ? {} : { ttl: checkNanoseconds('groupBy', ttl) }),
    ...(on === undefined ? {} : { on }),
  };
  return { keys: groupKeys(node, keys), args };
}

/** The keys and options of `frame.window(...).groupBy(...)`, and of partitions by time. */
export function windowGroupArguments(
  node: PlanNode,
  given: readonly unknown[],
  op: string,
): GroupArguments {
  const { keys, options } = split<WindowGroupOptions>(given);
  checkOptions('groupBy', options, op === 'window' ? ['emit'] : []);
  return { keys: groupKeys(node, keys), args: checkEmit('groupBy', options.emit, false) };
}

/** What comes last is the options, unless it is a key. */
function split<O extends object>(
  given: readonly unknown[],
): { keys: readonly unknown[]; options: O } {
  const last = given.at(-1);
  if (typeof last !== 'object' || last === null || last instanceof Series || Array.isArray(last)) {
    return { keys: given, options: {} as O };
  }
  return { keys: given.slice(0, -1), options: last as O };
}
