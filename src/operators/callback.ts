import { requireFunction } from '../graph/arguments.ts';
import type { Template } from '../graph/operator.ts';

/** A user's function and what it gets after the element. */
export interface Callback {
  readonly f: (...values: never[]) => unknown;
  readonly args: readonly unknown[];
}

/** Keeps a callback and its further arguments, checked. */
export function callback(
  operator: string,
  name: string,
  f: (...values: never[]) => unknown,
  args: readonly unknown[],
): Callback {
  requireFunction(operator, name, f);
  return { f, args };
}

/** Text of a call of a callback. */
export function callText(
  template: Pick<Template<unknown, unknown>, 'constant'>,
  { f, args }: Callback,
  ...values: string[]
): string {
  const further = args.map((value) => template.constant(value, 'argument'));
  return `${template.constant(f, 'f')}(${[...values, ...further].join(', ')})`;
}

/** A closure that calls a callback with an element. */
export function bindCallback({ f, args }: Callback): (value: unknown) => unknown {
  const call = f as (...values: unknown[]) => unknown;
  return args.length === 0 ? (value) => call(value) : (value) => call(value, ...args);
}

/** A closure that calls a callback with a state and an element. */
export function bindReducer({ f, args }: Callback): (state: unknown, value: unknown) => unknown {
  const call = f as (...values: unknown[]) => unknown;
  return args.length === 0
    ? (state, value) => call(state, value)
    : (state, value) => call(state, value, ...args);
}
