import { checkOptions, shown } from '../checks.ts';

/** Which groups a table has: all, or those whose rows the batch changed. */
export type EmittedGroups = 'all' | 'changes';

/** Which groups are emitted when: see {@link EmittedGroups}, or all of them when the input has ended. */
export type GroupEmission = EmittedGroups | 'end';

/** Options of `valueCounts` and `frequencies` of a series. */
export interface CountOptions {
  /** What each batch emits, or with `'end'` the end of the input; default `'all'`. */
  readonly emit?: GroupEmission;
}

const FOR_GOOD: readonly unknown[] = ['all', 'changes', 'end'];
const FOR_NOW: readonly unknown[] = ['all', 'changes'];

/** The options of `valueCounts` as the plan takes them. */
export function checkCountOptions(operator: string, options: unknown): { emit?: GroupEmission } {
  checkOptions(operator, options ?? null, ['emit']);
  return checkEmit(operator, (options as CountOptions).emit, true);
}

/**
 * Throws a TypeError for what `emit` cannot be: also for `'end'`, unless the groups are there for good.
 */
export function checkEmit(
  operator: string,
  emit: unknown,
  isForGood: boolean,
): { emit?: GroupEmission } {
  if (emit === undefined) return {};
  if (!(isForGood ? FOR_GOOD : FOR_NOW).includes(emit)) {
    const wanted = isForGood ? "'all', 'changes' or 'end'" : "'all' or 'changes' where groups end";
    throw new TypeError(`Cannot create ${operator}: emit must be ${wanted}, got ${shown(emit)}`);
  }
  return { emit: emit as GroupEmission };
}
