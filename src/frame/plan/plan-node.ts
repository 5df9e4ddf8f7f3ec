import type { AggregateArguments } from '../aggregate/aggregate.ts';
import type { ColumnType } from '../types.ts';
import type { Graph } from './graph.ts';

/** A named, typed column of a plan node. */
export interface PlanColumn {
  readonly name: string;
  readonly type: ColumnType;
}

/** What a plan node yields per batch, see {@link PlanNode.kind}. */
export type NodeKind = 'frame' | 'series' | 'scalar' | 'table';

/**
 * An expression over the columns of nodes, in the form the native plan reads, except that nodes stand
 * in it themselves and become their index when a plan is compiled.
 */
export type Expr =
  | { readonly of: PlanNode; readonly col?: string }
  | { readonly lit: number | string | boolean | null; readonly type?: ColumnType }
  | {
      readonly op: string;
      readonly args: readonly Expr[];
      readonly decimals?: number;
      readonly every?: string;
      readonly to?: ColumnType;
      readonly strict?: boolean;
    };

/** One aggregate of a plan node: what is computed, over what, and the name of its result. */
export interface Agg extends AggregateArguments {
  readonly fn: string;
  readonly column?: Expr;
  readonly as: string;
}

/** A grouping key of a plan node. */
export interface Key {
  readonly name: string;
  readonly expr: Expr;
}

/** One node of a native plan: an operator, what it reads, and what it yields. Immutable. */
export class PlanNode {
  readonly graph: Graph;
  /** `frame` and `series` yield rows, `scalar` one value and `table` one keyed table per batch. */
  readonly kind: NodeKind;
  /** The node whose rows these are: row by row, only columns of one domain go together. */
  readonly domain: PlanNode;
  readonly columns: readonly PlanColumn[];
  /** The operator and its arguments, as the plan reads them, with nodes in place of indices. */
  readonly spec: Readonly<Record<string, unknown>>;

  constructor(
    graph: Graph,
    kind: NodeKind,
    columns: readonly PlanColumn[],
    spec: Readonly<Record<string, unknown>>,
    domain?: PlanNode,
  ) {
    this.graph = graph;
    this.kind = kind;
    this.columns = columns;
    this.spec = spec;
    this.domain = domain ?? this;
  }

  /** The operator's name. */
  get op(): string {
    return String(this.spec.op);
  }

  /** The nodes this one reads, in order of appearance, each once. */
  dependencies(): Set<PlanNode> {
    const found = new Set<PlanNode>();
    collectNodes(this.spec, found);
    return found;
  }
}

function collectNodes(value: unknown, found: Set<PlanNode>): void {
  if (value instanceof PlanNode) found.add(value);
  else if (Array.isArray(value)) for (const item of value) collectNodes(item, found);
  else if (typeof value === 'object' && value !== null) {
    for (const item of Object.values(value)) collectNodes(item, found);
  }
}

/** The expression that reads a whole series node, or one column of a frame node. */
export function columnOf(node: PlanNode, column?: PlanColumn): Expr {
  return node.kind === 'series' || column === undefined
    ? { of: node }
    : { col: column.name, of: node };
}
