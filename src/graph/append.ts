/** Adds items to the end of an array; a call with all of them as arguments could overflow the stack. */
export function append<T>(target: T[], items: readonly T[]): void {
  for (const item of items) target.push(item);
}
