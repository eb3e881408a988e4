import { type Block, blocksOf, placeOf, readPage } from '../docs/block.js';

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

const PAGE = 'docs/cookbook.md';

/** The recipes of the page in order, and the services file at its end. */
export function readCookbook(): { readonly recipes: readonly Recipe[]; readonly services: string } {
  const markdown = readPage(PAGE);
  const blocks = blocksOf(PAGE, markdown);
  const services = blocks.find(({ options }) => options.has('services'))?.text;
  if (services === undefined) throw new Error('the cookbook has no services');
  const recipes = blocks.flatMap((block, index) => {
    if (block.language !== 'yaml' || block.options.has('services')) return [];
    const [commands, answer] = [blocks[index + 1], blocks[index + 2]];
    if (commands?.language !== 'sh' || answer?.language !== 'console')
      throw new Error(`${placeOf(block)}: nothing shows it`);
    const title = titleOf(markdown, block);
    return [{ title, configuration: block.text, commands: commands.text, answer: answer.text }];
  });
  return { recipes, services };
}

/** The heading above a block. */
function titleOf(markdown: string, { line }: Block): string {
  const above = markdown.split('\n').slice(0, line);
  return above.findLast((text) => text.startsWith('## '))?.slice('## '.length) ?? '';
}
