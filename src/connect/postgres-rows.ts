import { quoteName } from './postgres-client.ts';

/** A row to be written, by column. */
export type Row = Readonly<Record<string, unknown>>;

/** A statement, and the values of its `$1`, `$2`, … */
export interface Statement {
  readonly text: string;
  readonly values: unknown[];
}

// The protocol counts the values of a statement in 16 bits.
const MOST_VALUES = 65_535;

/** The columns of any of the rows, in the order in which they first come. */
export function columnsOf(rows: readonly Row[]): string[] {
  const columns = new Set<string>();
  for (const row of rows) for (const column of Object.keys(row)) columns.add(column);
  return [...columns];
}

/**
 * Inserts of many rows each; `key`, where it is not empty, are the columns by which a row that is there is
 * updated. Of rows with the same key only the last is written: a statement may not change one twice.
 */
export function* insertStatements(
  table: string,
  rows: readonly Row[],
  key: readonly string[],
): Iterable<Statement> {
  const written = key.length === 0 ? rows : lastOfEach(rows, key);
  const columns = columnsOf(written);
  const most = Math.max(1, Math.floor(MOST_VALUES / columns.length));
  const into = `INSERT INTO ${quoteName(table)} (${columns.map(quoteName).join(', ')}) VALUES `;
  const conflict = key.length === 0 ? '' : onConflict(columns, key);
  for (let start = 0; start < written.length; start += most) {
    const values: unknown[] = [];
    const tuples = written.slice(start, start + most).map((row) => {
      const items = columns.map((column) => {
        if (!Object.hasOwn(row, column) || row[column] === undefined) return 'DEFAULT';
        return `$${values.push(row[column])}`;
      });
      return `(${items.join(', ')})`;
    });
    yield { text: into + tuples.join(', ') + conflict, values };
  }
}

function lastOfEach(rows: readonly Row[], key: readonly string[]): Row[] {
  const last = new Map<string, Row>();
  for (const row of rows) {
    const id = JSON.stringify(key.map((column) => String(row[column])));
    last.delete(id);
    last.set(id, row);
  }
  return [...last.values()];
}

function onConflict(columns: readonly string[], key: readonly string[]): string {
  const updated = columns.filter((column) => !key.includes(column)).map(quoteName);
  const action =
    updated.length === 0
      ? 'NOTHING'
      : `UPDATE SET ${updated.map((name) => `${name} = EXCLUDED.${name}`).join(', ')}`;
  return ` ON CONFLICT (${key.map(quoteName).join(', ')}) DO ${action}`;
}

/** A line of `COPY` in its text format. */
export function copyLine(columns: readonly string[], row: Row): string {
  return `${columns.map((column) => copyValue(row[column])).join('\t')}\n`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

function copyValue(value: unknown): string {
  if (value === undefined || value === null) return '\\N';
  return copyText(value).replace(/[\\\n\r\t]/g, (character) => ESCAPES[character]!);
}

function copyText(value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
