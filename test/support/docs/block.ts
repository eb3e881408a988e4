import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../../..');

/** A fenced block of a page: ` ```sh needs=consul eventually `. */
export interface Block {
  /** Path from the root of the repository. */
  readonly page: string;
  /** Of its first fence, counted from 1. */
  readonly line: number;
  /** The first word of the info string; empty where there is none. */
  readonly language: string;
  /** The other words: `key=value`, or a word alone. */
  readonly options: ReadonlyMap<string, string>;
  readonly text: string;
}

/** Where a block stands, for messages. */
export const placeOf = ({ page, line }: Block): string => `${page}:${line}`;

/** README.md and everything in Markdown below docs/, README.md first. */
export function documentationPages(): readonly string[] {
  const below = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' });
  return ['README.md', ...below.filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)].sort();
}

export function readPage(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8');
}

/** The path of a file of the repository. */
export const inRepository = (path: string): string => join(ROOT, path);
export const fromRepository = (path: string): string => relative(ROOT, path);

/** The fenced blocks of a page, in order. */
export function blocksOf(page: string, markdown: string): readonly Block[] {
  const blocks: Block[] = [];
  let open: { readonly line: number; readonly info: string; readonly lines: string[] } | undefined;
  for (const [index, line] of markdown.split('\n').entries()) {
    const fence = /^\s*```(.*)$/.exec(line);
    if (fence === null) open?.lines.push(line);
    else if (open === undefined) open = { line: index + 1, info: fence[1] ?? '', lines: [] };
    else {
      blocks.push(block(page, open.line, open.info, open.lines));
      open = undefined;
    }
  }
  if (open !== undefined) throw new Error(`${page}:${open.line}: this block does not end`);
  return blocks;
}

function block(page: string, line: number, info: string, lines: readonly string[]): Block {
  const [language = '', ...words] = info.trim().split(/\s+/);
  const options = words.map((word) => {
    const [key = '', ...value] = word.split('=');
    return [key, value.join('=')] as const;
  });
  return { page, line, language, options: new Map(options), text: lines.map((text) => `${text}\n`).join('') };
}
