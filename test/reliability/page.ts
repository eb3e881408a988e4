import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const DOCS = resolve(import.meta.dirname, '../../docs');

/** The parts of pages that programs write. */
export type Section =
  | 'faults'
  | 'faults-long'
  | 'fuzz'
  | 'soak'
  | 'attacks'
  | 'histories'
  | 'restart'
  | 'mutants'
  | 'foreign';

/** Replaces one part of a page in docs/, between its two marks. */
export function writeSection(section: Section, markdown: string, page = 'reliability.md'): void {
  const file = join(DOCS, page);
  if (!existsSync(file)) throw new Error(`${file} is missing`);
  writeFileSync(file, withSection(readFileSync(file, 'utf8'), section, markdown));
}

/** The page with another content of one part. @throws Error where the page has no such part */
export function withSection(page: string, section: Section, markdown: string): string {
  const { start, end } = place(page, section);
  return `${page.slice(0, start)}${markdown.trim()}\n${page.slice(end)}`;
}

/** One part of a page. @throws Error where the page has no such part */
export function sectionOf(page: string, section: Section): string {
  const { start, end } = place(page, section);
  return page.slice(start, end);
}

function place(page: string, section: Section): { readonly start: number; readonly end: number } {
  const open = `<!-- ${section} -->\n`;
  const [start, end] = [page.indexOf(open), page.indexOf(`<!-- /${section} -->`)];
  if (start < 0 || end < start) throw new Error(`the page has no part "${section}"`);
  return { start: start + open.length, end };
}

/** A table in Markdown. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  const line = (cells: readonly (string | number)[]) =>
    `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
