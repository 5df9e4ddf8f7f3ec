import { inspect } from 'node:util';
import { toDot } from '../observe/dot.ts';
import { drawGraph } from '../observe/draw-graph.ts';
import type { DrawingAttributes } from '../observe/drawing.ts';
import { jupyterDisplay, type MimeBundle } from '../observe/jupyter.ts';
import { toMermaid } from '../observe/mermaid.ts';
import { dotToSvg } from '../observe/svg.ts';
import { visualize } from '../observe/visualize.ts';
import { checkFunction, checkOptions } from './checks.ts';
import { type LiveOptions, LiveView } from './output/live.ts';
import type { Graph } from './plan/graph.ts';
import type { PlanNode } from './plan/plan-node.ts';
import { connected, restoreTo, snapshotOf } from './state/connected.ts';

/** What ends a sink of columns. */
export interface ColumnSink {
  /** Ends delivery; the nodes before the sink keep their state. */
  destroy(): void;
}

/** Options of a sink of columns. */
export interface SinkOptions {
  /** Results are only read while the sink is called. Default false: they stay as they are for good. */
  readonly reuse?: boolean;
}

let reveal: (column: ColumnNode<unknown>) => PlanNode;

/** The node of the plan that yields the results of live columns; for crossings and drawings. */
export function planNodeOf(column: ColumnNode<unknown>): PlanNode {
  return reveal(column);
}

/**
 * What all live columns have in common: something that sinks receive once per batch. `Out` is what
 * they receive.
 */
export abstract class ColumnNode<Out> {
  static {
    reveal = (column) => column.node();
  }

  readonly #graph: Graph;

  constructor(graph: Graph) {
    this.#graph = graph;
  }

  /** The node of the plan that yields the results. */
  protected abstract node(): PlanNode;

  /**
   * Calls `receive` with every result from now on, in order of subscription among the sinks of this
   * graph. A promise that it returns holds back the emitter: `emit` then returns a promise too. An
   * error it throws reaches the emitter after all other sinks were served.
   *
   * @param options with `reuse: true` a column or table may only be read until `receive` returns: the
   * next batch is written over it. Where all sinks of a graph say so, large batches are faster, since
   * fresh memory costs about as much as what is computed into it
   *
   * ```ts
   * import assert from 'node:assert/strict';
   * import { Series } from 'millrace';
   *
   * const prices = new Series('f64');
   * let last: number | null = null;
   * prices.rolling(2).mean().sink((means) => {
   *   last = means.at(-1);
   * }, { reuse: true });
   * prices.emit([1, 2, 3]);
   * assert.equal(last, 2.5);
   * ```
   */
  sink(receive: (result: Out) => unknown, options: SinkOptions = {}): ColumnSink {
    checkFunction('sink', receive);
    checkOptions('sink', options, ['reuse']);
    const deliver = receive as (result: unknown) => unknown;
    const destroy = this.#graph.subscribe(this.node(), deliver, options.reuse);
    return { destroy };
  }

  /** Collects every result from now on in the array it returns, which grows for as long as it runs. */
  sinkToList(): Out[] {
    const list: Out[] = [];
    this.sink((result) => {
      list.push(result);
    });
    return list;
  }

  /**
   * Shows the latest result, again and again as it changes: in the terminal, in a notebook, on a page.
   *
   * @param display called with the result as `text/plain` and, of columns and tables, `text/html`: at
   * the first result, then at most once in each `interval`, always with the last one. Without it,
   * print the view or have a notebook show it when you like
   *
   * ```ts
   * import assert from 'node:assert/strict';
   * import { DataFrame, VirtualClock } from 'millrace';
   *
   * const clock = new VirtualClock();
   * const words = new DataFrame({ word: 'utf8' });
   * const screen: string[] = [];
   * const view = words.word
   *   .valueCounts()
   *   .live((bundle) => screen.push(bundle['text/plain']!), { interval: '1s', clock });
   * for (const word of ['a', 'b', 'a']) words.emit({ word: [word] });
   * await clock.advance('1s');
   * assert.equal(screen.length, 2); // the first, and the last
   * assert.match(screen[1]!, /a +2/);
   * assert.equal(String(view), screen[1]);
   * ```
   */
  live(display: (bundle: MimeBundle) => unknown = () => {}, options?: LiveOptions): LiveView {
    const subscribe = (receive: (result: unknown) => void) =>
      this.#graph.subscribe(this.node(), receive);
    return new LiveView(subscribe, display, options);
  }

  /**
   * Delivers what single values have collected, without waiting for a full batch. Returns a promise
   * where a sink did; of a plan with a thread, where results are under way, for when all of them were
   * delivered.
   */
  flush(): Promise<void> | undefined {
    return this.#graph.flush();
  }

  /**
   * Ends the input: delivers what was collected and what is open, as the last partition by time.
   * Rows that come later start anew.
   */
  end(): Promise<void> | undefined {
    return this.#graph.source.end();
  }

  /**
   * The state of all nodes that a sink needs, as bytes for {@link ColumnNode.restore}: of this graph and of
   * those that it feeds or is fed by through joins, `map`, `apply` and aggregates of your own, whichever of
   * them is asked. Equal states give equal bytes. What single values have collected is delivered first.
   *
   * Streams are not in it, they have snapshots of their own. Throws a MillraceError with the code
   * `ERR_NOT_SERIALIZABLE` where an aggregate of yours has a state that is no plain data.
   *
   * ```ts
   * import assert from 'node:assert/strict';
   * import { Series } from 'millrace';
   *
   * const build = () => {
   *   const prices = new Series('f64');
   *   return { prices, sums: prices.cumsum().sinkToList() };
   * };
   * const before = build();
   * before.prices.emit([1, 2]);
   * const after = build();
   * after.prices.restore(before.prices.snapshot());
   * after.prices.emit([3]);
   * assert.deepEqual(after.sums[0]?.toArray(), [6]);
   * ```
   */
  snapshot(): Uint8Array {
    return snapshotOf(this.#graph);
  }

  /**
   * Puts back the state that `snapshot()` gave, in graphs with the same nodes and the same sinks in
   * the same order. What single values have collected is forgotten. Throws a MillraceError for bytes
   * that are no snapshot of such graphs; they are then as before.
   */
  restore(snapshot: Uint8Array): void {
    restoreTo(this.#graph, snapshot);
  }

  /**
   * How this graph and those connected with it are compiled, as text: the nodes of each native plan in
   * order, with the batches they ran for, the rows they yielded and the time that took. An expression's
   * time is that of the node that was the first to need it.
   */
  explain(): string {
    return connected(this.#graph)
      .map((graph) => graph.explain())
      .join('\n');
  }

  /**
   * Ends all sinks of this graph, and with it the graphs that it alone feeds through joins, `map` and
   * `apply`. A graph that is fed by others, as that of a join, is detached from them: they hold and
   * compute nothing for it any more. What it has delivered stays as it is.
   *
   * ```ts
   * import assert from 'node:assert/strict';
   * import { Series } from 'millrace';
   *
   * const prices = new Series('f64');
   * let calls = 0;
   * const halves = prices.map((price) => {
   *   calls++;
   *   return price / 2;
   * }, 'f64');
   * prices.emit([1, 2]);
   * halves.destroy();
   * prices.emit([3, 4]);
   * assert.equal(calls, 2);
   * ```
   */
  destroy(): void {
    this.#graph.destroy();
  }

  /**
   * Rows so far that came after their partition by time had been emitted, and were dropped: in this
   * graph and those connected with it.
   */
  get lateRows(): number {
    return connected(this.#graph).reduce((total, { lateRows }) => total + lateRows, 0);
  }

  /** Groups so far that `maxGroups` or `ttl` of a `groupBy` gave up: in this graph and those connected with it. */
  get evictedGroups(): number {
    return connected(this.#graph).reduce((total, { evictedGroups }) => total + evictedGroups, 0);
  }

  /**
   * Writes a drawing of the whole graph that these columns are in, both planes of it.
   *
   * `filename` ends in `.svg`, `.png`, `.dot` or `.mmd`; `attributes` are Graphviz' of the graph. SVG and
   * PNG need packages, see `Stream.visualize`.
   */
  visualize(filename: string, attributes?: DrawingAttributes): Promise<void> {
    return visualize(drawGraph(this.node()), filename, attributes);
  }

  /** The drawing in Graphviz' DOT language. */
  toDot(attributes?: DrawingAttributes): string {
    return toDot(drawGraph(this.node()), attributes);
  }

  /** The drawing as a Mermaid flowchart; of the attributes, `rankdir` is used. */
  toMermaid(attributes?: DrawingAttributes): string {
    return toMermaid(drawGraph(this.node()), attributes);
  }

  /** The drawing as SVG text; needs the package `@viz-js/viz`. */
  toSVG(attributes?: DrawingAttributes): Promise<string> {
    return dotToSvg(this.toDot(attributes));
  }

  /** Shows the operator and the columns that it yields, in `console.log`. */
  [inspect.custom](): string {
    const { op, columns } = this.node();
    const yields = columns.map(({ name, type }) => `${name}: ${type}`).join(', ');
    // Where types of columns need it, a class goes by another name inside.
    return `${this.constructor.name.replace(/Methods$/, '')} <${op}> (${yields})`;
  }

  /** Shows the graph in a notebook. */
  [Symbol.for('Jupyter.display')](): Promise<MimeBundle> {
    return jupyterDisplay(inspect(this), drawGraph(this.node()));
  }
}
