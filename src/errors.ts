/**
 * An error of millrace that no built-in class fits. `code` is stable across versions and says which;
 * the message states the action, the value given and what was wanted.
 *
 * ```ts
 * import assert from 'node:assert/strict';
 * import { MillraceError } from 'millrace';
 *
 * const error = new MillraceError('ERR_UNKNOWN_COLUMN', "Cannot select: no column 'prize'");
 * assert.equal(error.code, 'ERR_UNKNOWN_COLUMN');
 * assert.ok(error instanceof Error);
 * ```
 */
export class MillraceError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  override get name(): string {
    return 'MillraceError';
  }
}
