import { MillraceError } from '../../errors.ts';
import { checkSchema, shown } from '../checks.ts';
import type { PlanColumn } from '../plan/plan-node.ts';
import type { Schema } from '../types.ts';

/** What stands for a missing value in the name of a folder, as in Hive. */
const MISSING = '__HIVE_DEFAULT_PARTITION__';

/** Columns that folders `name=value` stand for: their names, or names with types. */
export type FilePartitions = readonly string[] | Schema;

/** Those columns: with the types that `partitions` or else `declared` says, by default text. */
export function partitionColumns(
  operator: string,
  given: FilePartitions | undefined,
  declared: readonly PlanColumn[] | undefined,
): readonly PlanColumn[] {
  if (given === undefined) return [];
  if (!Array.isArray(given)) {
    checkSchema(operator, given);
    return Object.entries(given).map(([name, type]) => ({ name, type }));
  }
  const names: readonly unknown[] = given;
  if (names.some((name) => typeof name !== 'string') || new Set(names).size < names.length) {
    throw new TypeError(
      `Cannot create ${operator}: partitions must be different names, or a schema, got ${shown(given)}`,
    );
  }
  return (given as readonly string[]).map((name) => {
    return declared?.find((column) => column.name === name) ?? { name, type: 'utf8' };
  });
}

/**
 * The values that the folders of a file stand for, as `toParquetFiles` and its kin name them with
 * `partitionBy`; throws a MillraceError where there is no folder for one of the columns.
 */
export function partitionValues(
  path: string,
  columns: readonly PlanColumn[],
): readonly (string | null)[] {
  const folders = new Map<string, string>();
  for (const folder of path.split(/[/\\]/).slice(0, -1)) {
    const [, name, value] = /^([^=]+)=(.*)$/.exec(folder) ?? [];
    if (name !== undefined) folders.set(unescaped(path, name), unescaped(path, value!));
  }
  return columns.map(({ name }) => {
    const value = folders.get(name);
    if (value === undefined) throw wrong(path, `it must lie in a folder '${name}=…'`);
    return value === MISSING ? null : value;
  });
}

function unescaped(path: string, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw wrong(path, `the name of a folder must be escaped like a URL, got ${shown(text)}`);
  }
}

function wrong(path: string, what: string): MillraceError {
  return new MillraceError('ERR_CORRUPT_FILE', `Cannot read ${path}: ${what}`);
}
