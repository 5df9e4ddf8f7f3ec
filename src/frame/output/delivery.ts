import type { Plan } from '../../native/plan.ts';
import type { PlanNode } from '../plan/plan-node.ts';
import { readEmission } from './emission.ts';
import { copyOf } from './hand-on.ts';
import type { Table } from './table.ts';

/** What a sink does with a result; a promise it returns holds back the emitter. */
export type Deliver = (result: unknown, isBorrowed: boolean) => unknown;

/** A sink of a plan. */
export interface Subscription {
  readonly node: PlanNode;
  readonly deliver: Deliver;
  /** Whether it reads results only while it is called. */
  readonly reuse: boolean;
  /** Whether it takes results that lie in the emitter's memory. */
  readonly borrows: boolean;
  /** Index among the sinks of the plan; −1 until compiled. */
  sink: number;
}

/** Hands the results of a plan to its sinks. */
export class Delivery {
  #isRunning = false;
  #queue: (() => void)[] = [];
  #pending: PromiseLike<unknown>[] = [];
  #errors: unknown[] = [];

  /** Whether a sink is being called. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  /**
   * Hands the plan's results to the sinks, in order of subscription. What a sink emits into this same
   * graph has its results delivered afterwards, so that loops do not grow the stack.
   */
  deliver(plan: Plan, subscriptions: readonly Subscription[]): Promise<void> | undefined {
    if (plan.count === 0) return undefined;
    if (!this.#isRunning && subscriptions.length === 1 && plan.count === 1) {
      const { deliver } = subscriptions[0]!;
      const result = readEmission(plan, plan.first).value;
      this.#isRunning = true;
      this.#call(deliver, result);
      return this.#settle();
    }
    const work = collect(plan, subscriptions);
    if (this.#isRunning) {
      this.#queue.push(() => this.#callAll(work));
      return undefined;
    }
    this.#isRunning = true;
    this.#callAll(work);
    return this.#settle();
  }

  /** Hands rows on that lie in the emitter's memory: a copy, where others are being delivered. */
  pass(rows: Table, { deliver }: Subscription): Promise<void> | undefined {
    if (this.#isRunning) {
      const own = copyOf(rows);
      this.#queue.push(() => this.#call(deliver, own));
      return undefined;
    }
    this.#isRunning = true;
    this.#call(deliver, rows, true);
    return this.#settle();
  }

  #callAll({ to, results }: Deliveries): void {
    for (let i = 0; i < to.length; i++) this.#call(to[i]!.deliver, results[i]);
  }

  #call(deliver: Deliver, result: unknown, isBorrowed = false): void {
    try {
      const returned = deliver(result, isBorrowed);
      if (isPromiseLike(returned)) this.#pending.push(returned);
    } catch (error) {
      this.#errors.push(error);
    }
  }

  #settle(): Promise<void> | undefined {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) next();
    this.#isRunning = false;
    if (this.#pending.length === 0 && this.#errors.length === 0) return undefined;
    const pending = this.#pending;
    const errors = this.#errors;
    this.#pending = [];
    this.#errors = [];
    if (pending.length === 0) throw oneError(errors);
    return settleAll(pending, errors);
  }
}

/** Results and the subscriptions they are for, one beside the other. */
interface Deliveries {
  readonly to: readonly Subscription[];
  readonly results: readonly unknown[];
}

function collect(plan: Plan, subscriptions: readonly Subscription[]): Deliveries {
  return oneToOne(plan, subscriptions) ?? bySink(plan, subscriptions);
}

/** The common case: one result for each subscription, in their order. */
function oneToOne(plan: Plan, subscriptions: readonly Subscription[]): Deliveries | null {
  if (plan.count !== subscriptions.length) return null;
  const results: unknown[] = [];
  let at = plan.first;
  for (let i = 0; i < subscriptions.length; i++) {
    const { sink, value, next } = readEmission(plan, at);
    if (sink !== subscriptions[i]!.sink) return null;
    results.push(value);
    at = next;
  }
  return { to: subscriptions, results };
}

function bySink(plan: Plan, subscriptions: readonly Subscription[]): Deliveries {
  const bySink: unknown[][] = plan.sinks.map(() => []);
  let at = plan.first;
  for (let i = 0; i < plan.count; i++) {
    const { sink, value, next } = readEmission(plan, at);
    bySink[sink]!.push(value);
    at = next;
  }
  const to: Subscription[] = [];
  const results: unknown[] = [];
  for (const subscription of subscriptions) {
    for (const result of bySink[subscription.sink] ?? []) {
      to.push(subscription);
      results.push(result);
    }
  }
  return { to, results };
}

async function settleAll(pending: PromiseLike<unknown>[], errors: unknown[]): Promise<void> {
  for (const outcome of await Promise.allSettled(pending)) {
    if (outcome.status === 'rejected') errors.push(outcome.reason);
  }
  if (errors.length > 0) throw oneError(errors);
}

function oneError(errors: readonly unknown[]): unknown {
  return errors.length === 1
    ? errors[0]
    : new AggregateError(errors, `Cannot deliver to ${errors.length} sinks: each threw an error`);
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}
