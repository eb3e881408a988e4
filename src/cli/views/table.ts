import { printable } from '../../base/printable.js';

/** Characters of a cell: one long text must not push the others off the page. */
const WIDEST = 300;

/**
 * Rows under their headings, for people.
 * @param rows as many cells as there are headings
 */
export function table(headings: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const cells = [headings, ...rows.map((row) => row.map((cell) => printable(String(cell), WIDEST)))];
  const widths = headings.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells
    .map((row) => `${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd())
    .map((line) => `${line}\n`)
    .join('');
}
