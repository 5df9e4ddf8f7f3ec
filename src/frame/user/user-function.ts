import { MillraceError } from '../../errors.ts';
import { checkFunction, shown } from '../checks.ts';

/**
 * Calls a function of the user's; what it throws comes out as the cause of an error that names the
 * operator and what it runs over.
 */
export function callUser<T>(operator: string, over: string, call: () => T): T {
  try {
    return call();
  } catch (cause) {
    const what = cause instanceof Error ? `${cause.name}: ${cause.message}` : shown(cause);
    throw new MillraceError(
      'ERR_USER_FUNCTION',
      `Cannot compute ${operator} of '${over}': its function threw ${what}`,
      { cause },
    );
  }
}

/** Throws a TypeError unless `value` is a function or not given. */
export function checkOptionalFunction(operator: string, name: string, value: unknown): void {
  if (value !== undefined) checkFunction(`${operator}.${name}`, value);
}
