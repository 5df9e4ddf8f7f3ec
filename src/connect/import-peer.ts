import { MillraceError } from '../errors.ts';

/**
 * Loads an optional peer dependency on first use. `action` says what for, after "Cannot": the
 * connector that needs it.
 *
 * Rejects with a MillraceError, code `ERR_MISSING_PEER`, that says what to install.
 *
 * @param load imports the package, or something of it
 * @param name of the package
 */
export async function importPeer<M>(
  load: () => Promise<M>,
  name: string,
  action: string,
): Promise<M> {
  try {
    return await load();
  } catch (error) {
    if (!isNotFound(error)) throw error;
    throw new MillraceError(
      'ERR_MISSING_PEER',
      `Cannot ${action}: the package ${name} is not installed, run npm install ${name}`,
      { cause: error },
    );
  }
}

/** Whether an error, or what it was caused by, is that of a package that is not installed. */
export function isMissingPeer(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof MillraceError && at.code === 'ERR_MISSING_PEER') return true;
  }
  return false;
}

function isNotFound(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
}
