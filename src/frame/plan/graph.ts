import type { DeviceOptions } from '../../device/options.ts';
import { type DecodedRows, type NodeTally, Plan, type TypedArray } from '../../native/plan.ts';
import { noteCrossing } from '../../observe/crossings.ts';
import { Column } from '../output/column.ts';
import { type Deliver, Delivery, type Subscription } from '../output/delivery.ts';
import { handOn, type Passage, passage } from '../output/hand-on.ts';
import { Table } from '../output/table.ts';
import { corrupt, type GraphState } from '../state/snapshot.ts';
import { type PlanEntry, planEntries, planSpec } from './compile.ts';
import { DeviceNodes } from './device-nodes.ts';
import { type PlanColumn, PlanNode } from './plan-node.ts';
import { PlanThread, type ThreadOwner } from './plan-thread.ts';
import type { ThreadSettings } from './thread-options.ts';

/** What a graph knows of the source that feeds it. */
export interface GraphSource {
  flush(): Promise<void> | undefined;
  end(): Promise<void> | undefined;
  /** Runs what was collected; the outcome is for the next call. */
  settle(): void;
  /** Forgets what was collected. */
  clear(): void;
  /** Milliseconds since 1970 UTC. */
  wallTime(): number;
}

/** An operator beside the plan, which keeps its state in JavaScript. */
export interface StatefulPart {
  readonly operator: string;
  /** Its state as plain data, which may be the state itself. */
  snapshot(): unknown;
  /** Puts back what `snapshot` gave, or an equal copy of it. */
  restore(data: unknown): void;
  /** Rows that it dropped because they came too late. */
  lateRows?(): number;
  /** Groups that it gave up for a bound. */
  evictedGroups?(): number;
  /** What there is to say of it in {@link Graph.explain}. */
  explain?(): string;
}

/** How one graph takes the results of another in. */
export interface Feed {
  /** `isBorrowed` says that the result lies in memory which is written again once this returns. */
  readonly receive: (result: unknown, isBorrowed: boolean) => Promise<void> | undefined;
  /** Called when the other one's input has ended. */
  readonly ended: () => Promise<void> | undefined;
  /** Whether `receive` reads a result only while it is called. */
  readonly reuse?: boolean;
  /** Whether `receive` copies what it keeps of a borrowed result. Without it none is. */
  readonly borrows?: boolean;
}

interface Link {
  readonly node: PlanNode;
  readonly stop: () => void;
}

/** Where a graph is computed. */
export interface GraphOptions {
  /** How the plan runs on a thread of its own, if it does. */
  readonly thread?: ThreadSettings | null;
  readonly device?: DeviceOptions;
  /** Whether its rows come from a reader, which hands them to the plan and nobody else. */
  readonly isRead?: boolean;
}

/** A plan and what it was compiled from, in the order of its indices. */
interface Compiled {
  readonly plan: Plan;
  readonly entries: readonly PlanEntry[];
  /** Whether a node measures time by the clock. */
  readonly timed: boolean;
}

/**
 * All columns that are connected with one source, compiled to one native plan.
 *
 * The plan is compiled when the first batch comes, from the sinks there are, and again when a sink was
 * added since. Nodes keep their place in the plan and with it their state; what is new starts with
 * the next batch. Without a sink nothing is computed.
 */
export class Graph {
  static #made = 0;

  readonly name: string;
  /** Greater than that of every graph that was made before. */
  readonly order = Graph.#made++;
  readonly columns: readonly PlanColumn[];
  readonly input: PlanNode;
  /** Where its rows come from. */
  readonly source: GraphSource;
  /**
   * Another number for each plan, −1 while a new one is due: what a writer of columns prepared for one
   * plan may not fit the next.
   */
  generation = 0;
  #generations = 0;
  #subscriptions: Subscription[] = [];
  #compiled: Compiled | null = null;
  /** No sink keeps results, so that their memory can be used again. */
  #reuses = false;
  /** Where all there is to do is to hand the input on to one sink: how. */
  #passage: Passage | undefined;
  /** What is to be handed on of the last batch. */
  #passing: Table | undefined;
  readonly #delivery = new Delivery();
  #followers: readonly (() => Promise<void> | undefined)[] = [];
  readonly #parts: StatefulPart[] = [];
  /** Where its source gets its rows from, if from other graphs. */
  #feeds: Link[] = [];
  readonly #fed = new Set<Graph>();
  /** Where the plan runs, if not on the thread that emits. */
  readonly #thread: PlanThread | null;
  /** What is computed by kernels, beside the plan. */
  readonly #devices: DeviceNodes;

  constructor(
    name: string,
    columns: readonly PlanColumn[],
    source: GraphSource,
    { thread = null, device = {}, isRead = false }: GraphOptions = {},
  ) {
    this.#thread = thread && new PlanThread(thread, this.#asOwner());
    this.name = name;
    this.source = source;
    this.columns = columns;
    this.input = new PlanNode(this, 'frame', columns, { op: 'input', input: 0 });
    this.#devices = new DeviceNodes(this.input, device, obstacleOf(thread, isRead));
  }

  /**
   * Has `deliver` called with every result of `node` from now on, also not with what was collected
   * before; returns what ends that.
   */
  subscribe(node: PlanNode, deliver: Deliver, reuse = false, borrows = false): () => void {
    this.settle();
    // A single value is read out of the plan's memory before it is delivered.
    const reads = reuse || node.kind === 'scalar';
    const subscription = {
      node,
      deliver: asKind(node, deliver),
      reuse: reads,
      borrows,
      sink: -1,
    };
    this.#subscriptions = [...this.#subscriptions, subscription];
    this.generation = -1;
    return () => {
      // Within a delivery, a sink that ends itself has seen the last it wants to see.
      if (!this.#delivery.isRunning) this.#thread?.drain();
      this.#subscriptions = this.#subscriptions.filter((other) => other !== subscription);
      this.generation = -1;
      if (this.#subscriptions.length === 0) this.#thread?.retire();
    };
  }

  /** Runs what was collected, and delivers the results that are under way. */
  settle(): void {
    this.source.settle();
    this.#thread?.drain();
  }

  /** Runs what was collected; a promise for when its results, and all before, were delivered. */
  flush(): Promise<void> | undefined {
    const settled = this.source.flush();
    return this.#thread === null ? settled : together([settled, this.#thread.idle()]);
  }

  /** The nodes that have sinks, in order of subscription. */
  get targets(): readonly PlanNode[] {
    return this.#subscriptions.map(({ node }) => node);
  }

  /** The plan for the sinks there are now; `null` while there is none. */
  plan(): Plan | null {
    if (this.generation < 0) this.#compile();
    return this.#compiled?.plan ?? null;
  }

  /**
   * Has the strings that the plan found by itself in its dictionaries; with a thread, once it has
   * delivered all that is under way.
   */
  learnStrings(): void {
    const plan = this.plan();
    if (plan === null || !plan.hasForeign) return;
    this.#thread?.drain();
    plan.learnStrings();
  }

  /** Runs one batch, whose results {@link Graph.deliver} hands out: call it next. */
  compute(rows: number, buffers: ReadonlyArray<TypedArray | null>): void {
    const plan = this.#ready();
    if (this.#thread !== null) {
      if (plan !== null) this.#thread.submit(plan, () => plan.submit(rows, buffers));
      return;
    }
    this.#passing = this.#passage && rows > 0 ? handOn(this.#passage, rows, buffers) : undefined;
    if (this.#passing !== undefined || plan === null) return;
    if (!this.#devices.isUsed) {
      plan.push(rows, buffers);
      return;
    }
    const computed = this.#devices.run(rows, buffers, plan.input);
    try {
      plan.push(rows, computed.buffers);
    } catch (error) {
      computed.undo();
      throw error;
    }
  }

  /** Whether a column of the input is read beside the plan. */
  isReadBeside(column: number): boolean {
    return this.#devices.reads(column);
  }

  /** Hands the results of the last batch to the sinks; with a thread, those that have come. */
  deliver(): Promise<void> | undefined {
    if (this.#thread !== null) return this.#thread.settle();
    const passing = this.#passing;
    if (passing !== undefined) {
      this.#passing = undefined;
      return this.#delivery.pass(passing, this.#subscriptions[0]!);
    }
    const plan = this.#compiled?.plan;
    return plan === undefined ? undefined : this.#delivery.deliver(plan, this.#subscriptions);
  }

  /** Runs one batch of a single f64 column without missing values and delivers its results. */
  pushF64(values: Float64Array): Promise<void> | undefined {
    const plan = this.#ready();
    if (plan === null) return undefined;
    if (this.#thread !== null) {
      this.#thread.submit(plan, () => plan.submitF64(values));
      return this.#thread.settle();
    }
    if (this.#passage !== undefined || this.#devices.isUsed) {
      this.compute(values.length, [values, null]);
      return this.deliver();
    }
    plan.pushF64(values);
    return this.#delivery.deliver(plan, this.#subscriptions);
  }

  /** Runs the words of a text as one batch of a single utf8 column and delivers the results. */
  pushWords(text: Uint8Array): Promise<void> | undefined {
    const plan = this.#ready();
    if (plan === null) return undefined;
    if (this.#thread !== null) {
      this.#thread.submit(plan, () => plan.submitWords(text));
      return this.#thread.settle();
    }
    plan.pushWords(text);
    return this.#delivery.deliver(plan, this.#subscriptions);
  }

  /** How many batches of a reader may be under way before the first of them is waited for. */
  get readAhead(): number {
    return this.#thread?.maxBatches ?? 1;
  }

  /** Runs and delivers rows that were decoded. */
  pushRows(rows: DecodedRows): Promise<void> | undefined {
    const plan = this.#ready();
    if (plan === null) return undefined;
    const thread = this.#thread;
    if (thread !== null) {
      return new Promise((delivered, failed) => {
        thread.submit(plan, () => plan.submitRows(rows), { delivered, failed });
        thread.settle();
      });
    }
    plan.pushRows(rows);
    return this.#delivery.deliver(plan, this.#subscriptions);
  }

  /** Has the source of this graph fed with the results of a node of another one. */
  feedFrom(node: PlanNode, { receive, ended, reuse, borrows }: Feed): void {
    const { graph } = node;
    const unsubscribe = graph.subscribe(node, receive, reuse, borrows);
    graph.#followers = [...graph.#followers, ended];
    graph.#fed.add(this);
    const stop = () => {
      unsubscribe();
      graph.#followers = graph.#followers.filter((other) => other !== ended);
      graph.#fed.delete(this);
    };
    this.#feeds.push({ node, stop });
    noteCrossing(node, this.input);
  }

  /** Has `ended` called whenever the input has ended, after the last results. */
  onEnd(ended: () => Promise<void> | undefined): void {
    this.#followers = [...this.#followers, ended];
  }

  /** The graphs that feed this one or are fed by it. */
  neighbours(): Graph[] {
    return [...this.#feeds.map(({ node }) => node.graph), ...this.#fed];
  }

  /** Has the state of an operator that works beside the plan in what {@link Graph.capture} gives. */
  keep(part: StatefulPart): void {
    this.#parts.push(part);
  }

  /** Ends all sinks, and the graphs that only this one feeds; other graphs feed it no longer. */
  destroy(): void {
    const feeds = this.#feeds;
    this.#feeds = [];
    for (const { stop } of feeds) stop();
    this.source.clear();
    if (!this.#delivery.isRunning) this.#thread?.drain();
    this.#subscriptions = [];
    this.generation = -1;
    this.#thread?.retire();
    for (const next of [...this.#fed]) {
      if (next.#feeds.every(({ node }) => node.graph === this)) next.destroy();
    }
  }

  /** Ends the input: emits what is still open, and ends what follows. */
  end(): Promise<void> | undefined {
    const flushed = this.#flush();
    const endNext = () => this.#followers.map((ended) => ended());
    // What follows ends after its last input has come.
    if (this.#thread !== null) return flushed?.then(() => together(endNext()));
    return together([flushed, ...endNext()]);
  }

  /** Emits what is still open: the last partition by time. */
  #flush(): Promise<void> | undefined {
    const plan = this.#ready();
    if (plan === null) return undefined;
    if (this.#thread !== null) {
      this.#thread.submit(plan, () => plan.submitFlush());
      this.#thread.settle();
      return this.#thread.idle() ?? Promise.resolve();
    }
    plan.flush();
    return this.#delivery.deliver(plan, this.#subscriptions);
  }

  /** The state of every compiled node and of what works beside the plan. */
  capture(): GraphState {
    const plan = this.plan();
    return {
      state: plan?.snapshot() ?? null,
      dictionaries: (plan?.dictionaries ?? []).map((strings) => [...strings]),
      parts: this.#stateful().map((part) => ({
        operator: part.operator,
        data: part.snapshot(),
      })),
    };
  }

  /** What works beside the plan. */
  #stateful(): readonly StatefulPart[] {
    return this.#devices.isUsed ? [...this.#parts, this.#devices] : this.#parts;
  }

  /** Puts back the state that a graph of the same nodes and sinks gave. */
  reinstate({ state, dictionaries, parts }: GraphState): void {
    const plan = this.plan();
    const beside = this.#stateful();
    const wanted = beside.map(({ operator }) => operator).join(', ');
    const given = parts.map(({ operator }) => operator).join(', ');
    if (wanted !== given) {
      throw corrupt(`it has the states of [${given}], and here is [${wanted}]`);
    }
    if (plan !== null && state !== null) {
      plan.restore(state);
      plan.dictionaries.splice(0, plan.dictionaries.length, ...dictionaries.map((s) => [...s]));
      this.generation = ++this.#generations;
    }
    beside.forEach((part, i) => {
      part.restore(parts[i]!.data);
    });
  }

  /** How the graph is compiled, its nodes in the order of the plan, and what each has done so far. */
  explain(): string {
    const tallies = this.plan()?.tallies() ?? [];
    const entries = this.#compiled?.entries ?? [];
    const id = (node: PlanNode) => `#${entries.findIndex((other) => other.node === node)}`;
    const lines = entries.map(({ node, sink }, i) => {
      if (sink) return `#${i} sink of ${id(node)}${this.#fedBy(node)}`;
      const from = [...node.dependencies()].map(id).join(', ');
      const columns = node.columns.map(({ name, type }) => `${name}: ${type}`).join(', ');
      const what = `#${i} ${node.op}${from === '' ? '' : ` of ${from}`}: ${node.kind} (${columns})`;
      return `${what}${workOf(tallies[i])}${this.#devices.where(node)}`;
    });
    for (const { operator, explain } of this.#parts) {
      if (explain !== undefined) lines.push(`${operator} beside the plan, ${explain()}`);
    }
    return [`native plan '${this.name}', one call per batch`, ...lines].join('\n');
  }

  /** Which graphs take the results of a node in, for a line of text. */
  #fedBy(node: PlanNode): string {
    const names = [...this.#fed]
      .filter((next) => next.#feeds.some((feed) => feed.node === node))
      .map(({ name }) => `'${name}'`);
    return names.length === 0 ? '' : `, to ${names.join(' and ')}`;
  }

  /** Rows dropped because their partition had been emitted already. */
  get lateRows(): number {
    const beside = this.#parts.reduce((total, part) => total + (part.lateRows?.() ?? 0), 0);
    return beside + (this.#compiled?.plan.lateRows() ?? 0);
  }

  /** Groups given up for a bound. */
  get evictedGroups(): number {
    const beside = this.#parts.reduce((total, part) => total + (part.evictedGroups?.() ?? 0), 0);
    return beside + (this.#compiled?.plan.evictedGroups() ?? 0);
  }

  /** The plan, its memory ready for another batch. */
  #ready(): Plan | null {
    const plan = this.plan();
    if (this.#reuses && !this.#delivery.isRunning) plan?.rewind();
    if (this.#compiled?.timed) plan?.setTime(this.source.wallTime());
    return plan;
  }

  #compile(): void {
    const before = this.#compiled;
    const targets = this.#subscriptions.map(({ node }) => node);
    const entries = planEntries(before?.entries ?? [], targets);
    if (entries.length > (before?.entries.length ?? 0)) {
      const settled = before?.plan.input.filter(({ used }) => used) ?? [];
      const plan = new Plan(planSpec(this.input, this.name, entries, settled, this.#devices));
      this.#thread?.stop();
      if (before !== null) plan.adopt(before.plan);
      this.#compiled = { plan, entries, timed: entries.some(isTimed) };
      this.#generations++;
    }
    const shown = entries.filter(({ sink }) => sink).map(({ node }) => node);
    for (const subscription of this.#subscriptions) {
      subscription.sink = shown.indexOf(subscription.node);
    }
    const reuses = this.#subscriptions.every(({ reuse }) => reuse);
    // A sink that is gone may have kept what lies in the memory so far.
    if (reuses && !this.#reuses) this.#compiled?.plan.renew();
    this.#reuses = reuses;
    const [only, ...more] = this.#subscriptions;
    const isAll =
      this.#thread === null &&
      more.length === 0 &&
      only?.borrows === true &&
      showsAlone(only.node, entries);
    this.#passage = isAll ? passage(only.node) : undefined;
    this.generation = this.#generations;
  }

  #asOwner(): ThreadOwner {
    return {
      prepare: (plan) => {
        if (this.#reuses && !this.#delivery.isRunning) plan.rewind();
      },
      deliver: (plan) => this.#delivery.deliver(plan, this.#subscriptions),
    };
  }
}

/** Why nothing of a graph can be computed beside its plan. */
function obstacleOf(thread: ThreadSettings | null, isRead: boolean): string | undefined {
  if (thread !== null) return 'its plan runs on a thread of its own';
  return isRead ? 'its rows go from a reader into the plan' : undefined;
}

/** Delivers the rows of a frame as a table, also where the plan has them as its one column. */
function asKind(node: PlanNode, deliver: Deliver): Deliver {
  if (node.kind !== 'frame' || node.columns.length > 1) return deliver;
  return (rows, isBorrowed) =>
    deliver(rows instanceof Column ? new Table(rows.length, [rows]) : rows, isBorrowed);
}

/** What a node has done, for a line of text; nothing where it has not run. */
function workOf(tally: NodeTally | undefined): string {
  if (tally?.runs === false) return '; read through';
  if (tally === undefined || tally.batches === 0) return '';
  const { batches, rows, seconds } = tally;
  const count = (n: number, one: string, more: string) =>
    `${n.toLocaleString('en')} ${n === 1 ? one : more}`;
  const work = [count(batches, 'batch', 'batches'), count(rows, 'row', 'rows')];
  return `; ${work.join(', ')}, ${(seconds * 1e3).toFixed(3)} ms`;
}

/** Whether a plan has nothing but this node and what it reads, so that no other has a state. */
function showsAlone(node: PlanNode, entries: readonly PlanEntry[]): boolean {
  return entries.every((entry) => entry.node === node || entry.node === node.graph.input);
}

/** Whether a node gives up groups that are idle by the clock, not by the times of rows. */
function isTimed({ node: { spec } }: PlanEntry): boolean {
  return spec.ttl !== undefined && spec.on === undefined;
}

/** One outcome out of several. */
function together(settled: readonly (Promise<void> | undefined)[]): Promise<void> | undefined {
  const pending = settled.filter((each) => each !== undefined);
  return pending.length === 0 ? undefined : Promise.all(pending).then(() => {});
}
