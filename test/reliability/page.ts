import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

const FILE = resolve(import.meta.dirname, '../../docs/reliability.md');

/** The parts of docs/reliability.md that programs write. */
export type Section = 'faults' | 'faults-long' | 'fuzz' | 'soak' | 'attacks' | 'restart' | 'mutants';

/** Replaces one part of docs/reliability.md, between its two marks; the rest of the page is kept by hand. */
export function writeSection(section: Section, markdown: string): void {
  if (!existsSync(FILE)) throw new Error(`${FILE} is missing`);
  writeFileSync(FILE, withSection(readFileSync(FILE, 'utf8'), section, markdown));
}

/** The page with another content of one part. @throws Error where the page has no such part */
export function withSection(page: string, section: Section, markdown: string): string {
  const [open, close] = [`<!-- ${section} -->\n`, `<!-- /${section} -->`];
  const [start, end] = [page.indexOf(open), page.indexOf(close)];
  if (start < 0 || end < start) throw new Error(`the page has no part "${section}"`);
  return `${page.slice(0, start + open.length)}${markdown.trim()}\n${page.slice(end)}`;
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
