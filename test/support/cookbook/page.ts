import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** A section of `docs/cookbook.md`. */
export interface Recipe {
  readonly title: string;
  /** A whole configuration. */
  readonly configuration: string;
  /** What shows it, for Bash. */
  readonly commands: string;
  /** What these print; `…` stands for anything. */
  readonly answer: string;
}

const PAGE = resolve(import.meta.dirname, '../../../docs/cookbook.md');

/** The recipes of the page in order, and the services file at its end. */
export function readCookbook(): { readonly recipes: readonly Recipe[]; readonly services: string } {
  const [, ...sections] = readFileSync(PAGE, 'utf8').split(/^## /m);
  const services = sections
    .map((section) => block(section, 'yaml services'))
    .find((text) => text !== undefined);
  if (services === undefined) throw new Error('the cookbook has no services');
  const recipes = sections.flatMap((section) => {
    const configuration = block(section, 'yaml');
    if (configuration === undefined) return [];
    const title = section.split('\n', 1)[0] ?? '';
    const [commands, answer] = [block(section, 'sh'), block(section, 'console')];
    if (commands === undefined || answer === undefined) throw new Error(`${title}: nothing shows it`);
    return [{ title, configuration, commands, answer }];
  });
  return { recipes, services };
}

/** Whether a command printed what the page shows, line by line; how much space there is does not count. */
export function isAnswer(printed: string, shown: string): boolean {
  const [lines, expected] = [linesOf(printed), linesOf(shown)];
  return lines.length === expected.length && expected.every((line, index) => fits(lines[index] ?? '', line));
}

function fits(line: string, shown: string): boolean {
  const parts = shown.split('…').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${parts.join('.+')}$`).test(line);
}

function linesOf(text: string): readonly string[] {
  return text
    .trim()
    .split('\n')
    .map((line) => line.trim().replaceAll(/\s+/g, ' '));
}

function block(section: string, info: string): string | undefined {
  return new RegExp(`^\`\`\`${info}\\n(.*?)^\`\`\`$`, 'ms').exec(section)?.[1];
}
