import type { Acknowledgement } from '../../graph/metadata.ts';
import { throwLater } from '../../graph/throw-later.ts';
import type { Plan } from '../../native/plan.ts';
import { settling, settlingBy } from '../output/settling.ts';
import { beBusy, beIdle } from './keep-alive.ts';
import type { ThreadSettings } from './thread-options.ts';

type Settled = Promise<void> | undefined;

/** Who is told what came of a submission, in place of `onError`. */
export interface Outcome {
  /** Its results were delivered. */
  readonly delivered: () => void;
  readonly failed: (error: unknown) => void;
}

/** A submission whose result is not there yet. */
interface Submission {
  readonly outcome: Outcome | undefined;
  /** What waits for its results to be done with. */
  readonly acknowledgement: Acknowledgement | undefined;
}

/** What a thread asks of the graph whose plan it runs. */
export interface ThreadOwner {
  /** Makes the plan's memory ready for a result. */
  prepare(plan: Plan): void;
  /** Hands the result that the plan has just got to the sinks; may throw what they throw. */
  deliver(plan: Plan): Settled;
}

/**
 * A plan on a thread of its own, as the thread of JavaScript sees it. What is submitted is copied, and
 * run in order; results come back in the same order, when the thread has a wake-up sent or when
 * something is submitted, and are delivered one after the other: the next when the promises of the
 * sinks before have settled.
 *
 * Both ways are bounded. Where there is no room for a submission it stands in line, and
 * {@link PlanThread.settle} returns a promise for its place.
 */
export class PlanThread {
  readonly #settings: ThreadSettings;
  readonly #owner: ThreadOwner;
  /** The plan that the thread was started for. */
  #plan: Plan | null = null;
  #submissions: Submission[] = [];
  /** Results whose sinks have not settled. */
  #holds = 0;
  /** One for each submission in line. */
  #line: (() => void)[] = [];
  #room: Settled;
  #idle: (() => void)[] = [];
  #pumping = false;
  #retiring = false;

  constructor(settings: ThreadSettings, owner: ThreadOwner) {
    this.#settings = settings;
    this.#owner = owner;
  }

  /** How many submissions may wait. */
  get maxBatches(): number {
    return this.#settings.maxBatches;
  }

  /** Has the thread of `plan`, which is started if need be, do what `call` submits to it. */
  submit(plan: Plan, call: () => number, outcome?: Outcome): void {
    if (this.#plan !== plan) this.#start(plan);
    this.#retiring = false;
    const inLine = call();
    const acknowledgement = settling();
    acknowledgement?.retain();
    this.#submissions.push({ outcome, acknowledgement });
    beBusy(this);
    this.#room = undefined;
    if (inLine > 0) {
      this.#room = new Promise((resolve) => {
        this.#line.push(resolve);
      });
    }
    this.#admit(inLine);
  }

  /**
   * Delivers what has come. Returns a promise where the last submission stands in line, for when it
   * does no more.
   */
  settle(): Settled {
    const room = this.#room;
    this.#room = undefined;
    this.#pump();
    // Nobody waits for their places: so the thread is waited for, or the line would have no end.
    while (this.#line.length > this.#settings.maxBatches && this.#holds === 0 && !this.#pumping) {
      if (!this.#wait()) break;
      this.#pump();
    }
    return this.#line.length > 0 ? room : undefined;
  }

  /** A promise for when all results have been delivered and their sinks have settled. */
  idle(): Settled {
    if (this.#submissions.length === 0 && this.#holds === 0) return undefined;
    return new Promise((resolve) => {
      this.#idle.push(resolve);
    });
  }

  /** Waits for the thread and delivers everything, without waiting for promises of sinks. */
  drain(): void {
    while (this.#submissions.length > 0 && this.#wait()) this.#take(this.#plan!);
    this.#rest();
  }

  /** Drains, has the plan come home, and ends the thread; it is started again when it is needed. */
  stop(): void {
    this.#retiring = false;
    this.drain();
    this.#plan?.stop();
    this.#plan = null;
  }

  /** As {@link PlanThread.stop}, when all results have come by themselves. */
  retire(): void {
    this.#retiring = true;
    this.#rest();
  }

  #start(plan: Plan): void {
    const { maxBatches, maxBytes } = this.#settings;
    // Weak: the thread is not to keep a graph that nobody has any more. One that has something
    // pending is kept by `beBusy`.
    const self = new WeakRef(this);
    const wake = () => {
      const thread = self.deref();
      if (thread !== undefined) thread.#pump();
    };
    plan.start(wake, maxBatches, maxBytes);
    this.#plan = plan;
  }

  /** Waits for the next result; false where there will be none. */
  #wait(): boolean {
    try {
      return this.#plan?.wait() ?? false;
    } catch (error) {
      this.#die(error);
      return false;
    }
  }

  #pump(): void {
    const plan = this.#plan;
    if (plan === null || this.#pumping) return;
    this.#pumping = true;
    let more = true;
    while (more && this.#holds === 0) more = this.#take(plan);
    this.#pumping = false;
    if (this.#plan === plan && (this.#line.length > 0 || this.#holds > 0)) {
      this.#admit(plan.advance());
    }
    this.#rest();
  }

  /** Delivers the next result; false where there is none. */
  #take(plan: Plan): boolean {
    this.#owner.prepare(plan);
    try {
      if (!plan.poll()) return false;
    } catch (error) {
      if (isDeath(error)) this.#die(error);
      else this.#fail(this.#submissions.shift(), error);
      return true;
    }
    const submission = this.#submissions.shift();
    try {
      const settled = settlingBy(submission?.acknowledgement, () => this.#owner.deliver(plan));
      if (settled === undefined) delivered(submission);
      else this.#hold(settled, submission);
    } catch (error) {
      this.#fail(submission, error);
    }
    return true;
  }

  /** Takes no further results until the sinks of this one have settled. */
  #hold(settled: Promise<void>, submission: Submission | undefined): void {
    this.#holds++;
    settled
      .then(
        () => delivered(submission),
        (error) => this.#fail(submission, error),
      )
      .finally(() => {
        this.#holds--;
        this.#pump();
        this.#rest();
      });
  }

  /** Lets those go on whose submissions are no longer in line. */
  #admit(inLine: number): void {
    while (this.#line.length > inLine) this.#line.shift()!();
  }

  #rest(): void {
    const pending = this.#submissions.length > 0;
    // Sinks that have not settled are busy with something that keeps the process alive by itself.
    if (!pending || this.#holds > 0) beIdle(this);
    else beBusy(this);
    if (pending || this.#holds > 0) return;
    this.#admit(0);
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
    if (this.#retiring && !this.#pumping) this.stop();
  }

  #fail(submission: Submission | undefined, error: unknown): void {
    if (submission?.outcome !== undefined) submission.outcome.failed(error);
    else this.#report(error);
    submission?.acknowledgement?.fail(error);
    submission?.acknowledgement?.release();
  }

  /** None of what is pending will have a result. */
  #die(error: unknown): void {
    const submissions = this.#submissions;
    this.#submissions = [];
    for (const { outcome, acknowledgement } of submissions) {
      outcome?.failed(error);
      acknowledgement?.fail(error);
      acknowledgement?.release();
    }
    this.#report(error);
  }

  #report(error: unknown): void {
    const { onError } = this.#settings;
    if (onError === undefined) {
      throwLater(error);
      return;
    }
    try {
      Promise.resolve(onError(error)).catch(throwLater);
    } catch (thrown) {
      throwLater(thrown);
    }
  }
}

function delivered(submission: Submission | undefined): void {
  submission?.outcome?.delivered();
  submission?.acknowledgement?.release();
}

function isDeath(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 'ERR_THREAD_DIED';
}
