import { checkOptions, shown } from './checks.ts';

/** Which groups a table has: all, or those whose rows the batch changed. */
export type EmittedGroups = 'all' | 'changes';

/** Options of `valueCounts` and `frequencies` of a series. */
export interface CountOptions {
  /** What each batch emits; default `'all'`. */
  readonly emit?: EmittedGroups;
}

/** The options of `valueCounts` as the plan takes them. */
export function checkCountOptions(operator: string, options: unknown): { emit?: EmittedGroups } {
  checkOptions(operator, options ?? null, ['emit']);
  return checkEmit(operator, (options as CountOptions).emit);
}

/** Throws a TypeError for what `emit` cannot be. */
export function checkEmit(operator: string, emit: unknown): { emit?: EmittedGroups } {
  if (emit === undefined) return {};
  if (emit !== 'all' && emit !== 'changes') {
    throw new TypeError(
      `Cannot create ${operator}: emit must be 'all' or 'changes', got ${shown(emit)}`,
    );
  }
  return { emit };
}
