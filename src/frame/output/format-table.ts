import { type ColumnType, isNumeric } from '../types.ts';
import { type Column, DAY } from './column.ts';

/** Rows shown before the rest is only counted. */
const MOST_ROWS = 20;

interface Printable {
  readonly numRows: number;
  readonly columns: readonly Column[];
}

/** A table as text: names, types and the first rows in aligned columns, numbers to the right. */
export function formatTable({ numRows, columns }: Printable): string {
  const rows = Math.min(numRows, MOST_ROWS);
  const texts = columns.map((column) => columnText(column, rows));
  const lines: string[] = [];
  for (let line = 0; line < rows + 2; line++) {
    lines.push(
      texts
        .map((text) => text[line])
        .join('  ')
        .trimEnd(),
    );
  }
  if (numRows > rows) lines.push(`... ${numRows - rows} more rows`);
  else if (numRows === 0) lines.push('(no rows)');
  return lines.join('\n');
}

/** As {@link formatTable}, as an HTML table. */
export function htmlTable({ numRows, columns }: Printable): string {
  const rows = Math.min(numRows, MOST_ROWS);
  const head = columns.map(({ name, type }) => `<th>${escapeHtml(name)}<br><i>${type}</i></th>`);
  const body = Array.from({ length: rows }, (_, row) => {
    const cells = columns.map((column) => {
      const { type } = column;
      const text = escapeHtml(cell(type, column.at(row)));
      return `<td${isNumeric(type) ? ' align="right"' : ''}>${text}</td>`;
    });
    return `<tr>${cells.join('')}</tr>`;
  });
  const more = numRows > rows ? `<caption>${numRows - rows} more rows</caption>` : '';
  return `<table>${more}<thead><tr>${head.join('')}</tr></thead><tbody>${body.join('')}</tbody></table>`;
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function columnText(column: Column, rows: number): string[] {
  const cells = [column.name, column.type];
  for (let i = 0; i < rows; i++) cells.push(cell(column.type, column.at(i)));
  const width = Math.max(...cells.map((text) => text.length));
  const right = isNumeric(column.type);
  return cells.map((text) => (right ? text.padStart(width) : text.padEnd(width)));
}

function cell(type: ColumnType, value: unknown): string {
  if (value === null) return 'null';
  if (type === 'timestamp') return new Date(value as number).toISOString();
  if (type === 'date') return showDate(value as number);
  if (type === 'duration') return `${value} ms`;
  if (typeof value === 'number' && !Number.isInteger(value)) return shortNumber(value);
  return String(value);
}

function showDate(milliseconds: number): string {
  const date = new Date(milliseconds);
  // Dates reach further than those of JavaScript.
  return Number.isNaN(date.getTime())
    ? `day ${milliseconds / DAY}`
    : date.toISOString().slice(0, -'T00:00:00.000Z'.length);
}

function shortNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const text = value.toPrecision(6);
  return text.includes('e') ? text : String(Number(text));
}
