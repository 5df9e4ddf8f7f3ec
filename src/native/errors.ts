import { MillraceError } from '../errors.ts';

const BUILT_IN: Readonly<Record<string, ErrorConstructor>> = {
  ERR_TYPE_MISMATCH: TypeError,
  ERR_UNKNOWN_COLUMN: TypeError,
  ERR_LENGTH_MISMATCH: RangeError,
  ERR_INVALID_ARGUMENT: RangeError,
};

/**
 * What the addon threw, as the error users see: a built-in class where one fits, else a
 * {@link MillraceError}; in each case with the stable `code` it came with.
 */
export function nativeError(error: unknown): unknown {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  if (!(error instanceof Error) || error instanceof MillraceError || !code?.startsWith('ERR_')) {
    return error;
  }
  const BuiltIn = BUILT_IN[code];
  if (BuiltIn === undefined) return new MillraceError(code, error.message, { cause: error });
  return Object.assign(new BuiltIn(error.message, { cause: error }), { code });
}

/** Calls into an addon; what it throws comes out as an error of the public kind. */
export function crossing<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw nativeError(error);
  }
}
