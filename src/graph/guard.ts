import { MillraceError } from '../errors.ts';
import type { TimerHandle } from '../time/clock.ts';
import { collectError, type Delivery, gather, join, raise, settled } from './delivery.ts';
import { sendHeld } from './entry.ts';
import { backoffAfter, type CheckedPolicy, type DeadLetter } from './error-policy.ts';
import { failMetadata, type Tag } from './metadata.ts';
import type { Node } from './node.ts';
import type { Receive } from './operator.ts';

/** What one attempt at an element came to. */
interface Attempt {
  /** Still to wait for in the node itself: the promise of a sink's function. */
  own: Delivery;
  /** Still to wait for downstream. */
  delivery: Delivery;
  /** Errors from downstream: theirs to handle, and no reason to try this node again. */
  errors: unknown[] | undefined;
  failed: boolean;
  error: unknown;
}

/** How the wait for the next attempt ended. */
interface Pause {
  readonly again: boolean;
  /** Why the element was given up, where it was. */
  readonly givenUp?: MillraceError | undefined;
}

/**
 * Applies a node's error policy. The operator's own work is told apart from that of the nodes
 * downstream by having it send into an {@link Attempt}: what fails there is kept for the emitter,
 * what fails here is skipped, retried or sent to the dead letters.
 *
 * A node with a policy is linked as a closure and called, also from generated code: 5 ns that only
 * such nodes pay.
 */
export class Guard {
  readonly #node: Node;
  readonly #policy: CheckedPolicy;
  /** Wakes those that wait for their next attempt: there is to be none. */
  readonly #waiting = new Set<(givenUp: MillraceError | undefined) => void>();
  /** Set once nothing is to be tried again: how the wait for a next attempt ends. */
  #over: Pause | undefined;
  #current: Attempt | undefined;

  constructor(node: Node, policy: CheckedPolicy) {
    this.#node = node;
    this.#policy = policy;
  }

  /** The guarded form of one input of the node's operator. */
  link(output: Receive, port: number): Receive {
    const receive = this.#node.operator.link(
      this.#node,
      (value, tag, release) => {
        const attempt = this.#current!;
        try {
          attempt.delivery = join(attempt.delivery, sendHeld(output, value, tag, release));
        } catch (error) {
          attempt.errors = collectError(attempt.errors, error);
        }
        return undefined;
      },
      port,
    );
    return (value, tag) => this.#receive(receive, value, tag);
  }

  /** Calls a function of an element until it succeeds or the policy's attempts are used up. */
  call<R>(f: () => R | PromiseLike<R>): R | PromiseLike<R> {
    const { attempts } = this.#policy;
    return attempts === 1 ? f() : this.#callAgain(f, attempts);
  }

  /**
   * What becomes of an element that has failed for good. Throws where the policy is to fail; else
   * gives what is to be waited for.
   */
  dispose(error: unknown, element: unknown, tag: Tag): Delivery {
    const { final, attempts } = this.#policy;
    if (final === 'skip') return undefined;
    if (final === 'fail') throw error;
    const { operator, name } = this.#node;
    const letter: DeadLetter = {
      element,
      error,
      operator: operator.name,
      stream: name,
      attempts,
      metadata: tag,
    };
    const accepted = final(letter, tag === undefined ? undefined : { metadata: tag });
    return accepted === undefined ? undefined : gather(undefined, accepted);
  }

  /**
   * Tries nothing again, from now on: elements that wait for their next attempt have failed for good.
   * With a reason they are given up, except that an emitter that is to get an error gets its own.
   */
  cancel(reason?: MillraceError): void {
    const givenUp = this.#policy.final === 'fail' ? undefined : reason;
    this.#over = { again: false, givenUp };
    for (const wake of [...this.#waiting]) wake(givenUp);
  }

  /**
   * Gives up the elements that wait for their next attempt, whatever the policy: they are
   * acknowledged negatively, with the reason, and whoever waits for them goes on.
   */
  giveUp(reason: MillraceError): void {
    for (const wake of [...this.#waiting]) wake(reason);
  }

  #receive(receive: Receive, value: unknown, tag: Tag): Delivery {
    const attempt = this.#attempt(receive, value, tag);
    const { own, delivery, errors, failed } = attempt;
    if (own !== undefined || (failed && this.#policy.attempts > 1)) {
      // What is downstream is waited for here; the rest must not wait for it, and so for itself.
      attempt.delivery = undefined;
      return gather(delivery, this.#finish(receive, value, tag, attempt));
    }
    if (failed) return this.#disposed(attempt.error, value, tag, delivery, errors);
    return errors === undefined ? delivery : raise(errors, delivery);
  }

  #attempt(receive: Receive, value: unknown, tag: Tag): Attempt {
    const outer = this.#current;
    const attempt: Attempt = {
      own: undefined,
      delivery: undefined,
      errors: undefined,
      failed: false,
      error: undefined,
    };
    this.#current = attempt;
    try {
      attempt.own = receive(value, tag);
    } catch (error) {
      attempt.failed = true;
      attempt.error = error;
    }
    this.#current = outer;
    return attempt;
  }

  #disposed(
    error: unknown,
    value: unknown,
    tag: Tag,
    delivery: Delivery,
    errors: unknown[] | undefined,
  ): Delivery {
    let pending = delivery;
    let all = errors;
    try {
      pending = join(pending, this.dispose(error, value, tag));
    } catch (thrown) {
      all = collectError(all, thrown);
    }
    return all === undefined ? pending : raise(all, pending);
  }

  /** Waits for an attempt, tries again as often as allowed, and settles what is left. */
  async #finish(receive: Receive, value: unknown, tag: Tag, first: Attempt): Promise<void> {
    let attempt = first;
    let delivery: Delivery;
    let errors: unknown[] | undefined;
    for (let tried = 1; ; tried++) {
      await this.#settle(attempt);
      delivery = join(delivery, attempt.delivery);
      for (const error of attempt.errors ?? []) errors = collectError(errors, error);
      if (!attempt.failed || tried === this.#policy.attempts) break;
      const pause = await this.#pause(tried);
      if (pause.givenUp !== undefined) {
        failMetadata(tag, pause.givenUp);
        attempt.failed = false;
      }
      if (!pause.again) break;
      attempt = this.#attempt(receive, value, tag);
    }
    let left = delivery;
    if (attempt.failed) left = this.#disposed(attempt.error, value, tag, delivery, errors);
    else if (errors !== undefined) left = raise(errors, delivery);
    if (left !== undefined) await settled(left);
  }

  /** Waits for the node's own part of an attempt, no longer than the policy allows. */
  async #settle(attempt: Attempt): Promise<void> {
    if (attempt.own === undefined) return;
    try {
      await this.#limited(settled(attempt.own));
    } catch (error) {
      attempt.failed = true;
      attempt.error = error;
    }
  }

  #limited<R>(work: PromiseLike<R>): PromiseLike<R> {
    const { timeout } = this.#policy;
    if (timeout === undefined) return work;
    const { clock } = this.#node.environment;
    return new Promise<R>((resolve, reject) => {
      const timer = clock.setTimeout(() => {
        const message = `Cannot ${this.#node.operator.name} an element: it took longer than ${timeout} milliseconds`;
        reject(new MillraceError('ERR_TIMEOUT', message));
      }, timeout);
      work.then(
        (result) => {
          clock.clearTimeout(timer);
          resolve(result);
        },
        (error) => {
          clock.clearTimeout(timer);
          reject(error);
        },
      );
    });
  }

  /** Waits for the next attempt, if there is to be one. */
  #pause(tried: number): Promise<Pause> {
    if (this.#over !== undefined) return Promise.resolve(this.#over);
    const { clock } = this.#node.environment;
    return new Promise((resolve) => {
      const timer: TimerHandle = clock.setTimeout(
        () => {
          this.#waiting.delete(cancelled);
          resolve({ again: true });
        },
        backoffAfter(this.#policy, tried, Math.random),
      );
      const cancelled = (givenUp: MillraceError | undefined) => {
        clock.clearTimeout(timer);
        this.#waiting.delete(cancelled);
        resolve({ again: false, givenUp });
      };
      this.#waiting.add(cancelled);
    });
  }

  async #callAgain<R>(f: () => R | PromiseLike<R>, attempts: number): Promise<R> {
    for (let tried = 1; ; tried++) {
      try {
        return await this.#limited(Promise.resolve(f()));
      } catch (error) {
        if (tried === attempts || !(await this.#pause(tried)).again) throw error;
      }
    }
  }
}
