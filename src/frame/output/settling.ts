import type { Acknowledgement } from '../../graph/metadata.ts';

/*
 * Rows that a broker keeps until they are acknowledged go through plans without their offsets. What is
 * delivered of a batch is delivered while that batch is being settled, and whoever takes longer with it
 * than the call holds on to the acknowledgement.
 */
let current: Acknowledgement | undefined;

/** What waits for the results that are being delivered, if anything does. */
export function settling(): Acknowledgement | undefined {
  return current;
}

/** Delivers results for which `acknowledgement` waits. */
export function settlingBy<T>(acknowledgement: Acknowledgement | undefined, deliver: () => T): T {
  const before = current;
  current = acknowledgement;
  try {
    return deliver();
  } finally {
    current = before;
  }
}
