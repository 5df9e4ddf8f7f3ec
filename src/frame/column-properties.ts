/**
 * Gives `target` a property for each column, which `get` makes when it is first read. A name that
 * `target` has already, as that of a method, stays what it is: `col(name)` reads such a column.
 */
export function defineColumns(
  target: object,
  names: readonly string[],
  get: (name: string) => unknown,
): void {
  for (const name of names) {
    if (name in target) continue;
    Object.defineProperty(target, name, {
      get: () => get(name),
      enumerable: true,
      configurable: true,
    });
  }
}
