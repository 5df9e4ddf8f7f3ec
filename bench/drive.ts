/** Names of methods of `S` that take a `V`. */
type Taking<S, V> = {
  [K in keyof S]: S[K] extends (value: V) => unknown ? K : never;
}[keyof S] &
  string;

let drivers = 0;

/**
 * A loop that puts each value of an array into a source, by the method named. V8 compiles it apart
 * from every other, as it does the loop of a program that feeds one source: were one loop shared by
 * all the pipelines of a process, looking up the method would cost each engine the same nanoseconds,
 * and hide by how much they differ.
 */
export function driver<S, V>(method: Taking<S, V>): (source: S, values: readonly V[]) => void {
  return evaluate(
    'source, values',
    `for (let i = 0; i < values.length; i++) source.${method}(values[i]);`,
  );
}

/** As {@link driver}, for two sources that take a value in turn. */
export function turnDriver<S, V>(
  method: Taking<S, V>,
): (left: S, right: S, lefts: readonly V[], rights: readonly V[]) => void {
  return evaluate(
    'left, right, lefts, rights',
    `for (let i = 0; i < lefts.length; i++) {
left.${method}(lefts[i]);
right.${method}(rights[i]);
}`,
  );
}

/** Equal texts would share what V8 has learned of their call sites: the number keeps them apart. */
function evaluate<F>(parameters: string, body: string): F {
  return new Function(parameters, `/* ${++drivers} */\n${body}`) as F;
}
