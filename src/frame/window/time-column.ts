import type { Over } from '../aggregate/aggregate.ts';
import { shown } from '../checks.ts';
import { checkDomain, type SeriesLike, TERM, type Term } from '../expression/term.ts';
import { columnOf, type Expr, PlanNode } from '../plan/plan-node.ts';

/** Where the times of rows are: a timestamp column by its name, or a series of the same rows. */
export type TimeColumn = string | SeriesLike<'timestamp'>;

/** The name of the times that `T` says. */
export type TimeName<T extends TimeColumn> = T extends string
  ? T
  : T extends SeriesLike<'timestamp', infer N>
    ? N
    : never;

/**
 * The times that a window over a span runs on: those given, else the one timestamp column of the
 * frame. Throws a TypeError where there is none, or more than one to choose from.
 */
export function timeColumn(operator: string, over: Over, on: TimeColumn | undefined): Expr {
  if (typeof on === 'object' && on !== null && TERM in on) {
    const { graph, domain } = over;
    const term = on[TERM];
    checkDomain(operator, { ...term, graph, domain, name: 'the window' }, term);
    checkTimestamp(operator, term);
    return term.expr;
  }
  if (on !== undefined && typeof on !== 'string') {
    throw new TypeError(
      `Cannot create ${operator}: on must name a timestamp column, or be a timestamp series, got ${shown(on)}`,
    );
  }
  return namedColumn(operator, over, on);
}

function namedColumn(operator: string, over: Over, on: string | undefined): Expr {
  // A projection may have left the times out; the rows it is made of still have them.
  const holders = over instanceof PlanNode ? [over, over.domain] : [over.domain];
  for (const holder of holders) {
    const times = holder.columns.filter(({ name, type }) =>
      on === undefined ? type === 'timestamp' : name === on,
    );
    const [column] = times;
    if (times.length > 1) break;
    if (column !== undefined) {
      checkTimestamp(operator, column);
      return columnOf(holder, column);
    }
  }
  const columns = over.domain.columns;
  if (on !== undefined) {
    throw new TypeError(
      `Cannot create ${operator}: no column ${shown(on)}, there are ${columns.map(({ name }) => name).join(', ')}`,
    );
  }
  const times = columns.filter(({ type }) => type === 'timestamp').map(({ name }) => name);
  throw new TypeError(
    `Cannot create ${operator}: give the timestamp column as { on: name }, the rows have ${times.join(', ') || 'none'}`,
  );
}

function checkTimestamp(operator: string, { name, type }: Pick<Term, 'name' | 'type'>): void {
  if (type !== 'timestamp') {
    throw new TypeError(
      `Cannot create ${operator}: column ${shown(name)} must be a timestamp, got ${type}`,
    );
  }
}
