import { type Block, placeOf } from './block.js';
import { KEY_READERS } from './registry-keys.js';

/** What a block is, and so what checks it. CONTRIBUTING.md has the same for people. */
const OPTIONS = {
  yaml: ['file', 'services', 'apply', 'at', 'of', 'warns', 'invalid'],
  json: ['file', 'of'],
  sh: ['needs', 'background', 'until', 'eventually', 'exit', 'in'],
  console: [],
  ts: [],
  hcl: [],
  text: ['keys'],
  mermaid: [],
} as const satisfies Readonly<Record<string, readonly string[]>>;
export type Language = keyof typeof OPTIONS;

/** Servers and programs that `needs` may name. */
export const NEEDS = [
  'signalbox',
  'envoy',
  'samples',
  'consul',
  'etcd',
  'eureka',
  'nacos',
  'zookeeper',
] as const;
export type Need = (typeof NEEDS)[number];

/** Programs whose formats `of` may name; theirs, not Signalbox's. */
const FORMATS: Readonly<Record<string, readonly string[]>> = {
  yaml: ['envoy', 'prometheus', 'kubernetes'],
  json: ['apisix'],
};

const isLanguage = (language: string): language is Language => Object.hasOwn(OPTIONS, language);
const isNeed = (name: string): name is Need => NEEDS.some((need) => need === name);

/** What a block needs beside Signalbox and a shell. */
export function needsOf(block: Block): readonly Need[] {
  const named = (block.options.get('needs') ?? '').split(',').filter(isNeed);
  // Both have a Signalbox and an Envoy that follow a configuration, with services behind them.
  return block.options.has('apply') || named.includes('signalbox') ? ['samples', 'envoy', ...named] : named;
}

/** What is wrong with how a block is marked; undefined when nothing is. */
export function misuse(block: Block, before: Block | undefined): string | undefined {
  const { language, options } = block;
  if (!isLanguage(language)) return `no class for "${language}": one of ${Object.keys(OPTIONS).join(', ')}`;
  const known: readonly string[] = OPTIONS[language];
  const unknown = [...options.keys()].find((name) => !known.includes(name));
  if (unknown !== undefined) return `"${language}" has no option "${unknown}": ${known.join(', ') || 'none'}`;
  const need = options
    .get('needs')
    ?.split(',')
    .find((name) => !isNeed(name));
  if (need !== undefined) return `there is no "${need}" to need: ${NEEDS.join(', ')}`;
  const format = options.get('of');
  if (format !== undefined && FORMATS[language]?.includes(format) !== true)
    return `nothing checks "${format}"`;
  const keys = options.get('keys');
  if (keys !== undefined && KEY_READERS[keys] === undefined) return `nothing reads keys of "${keys}"`;
  if (options.has('background') !== options.has('until')) return '"background" and "until=URL" go together';
  if (options.has('in') && options.get('in') !== 'repository') return 'only "in=repository" is known';
  if (language === 'console' && (before?.language !== 'sh' || before.options.has('background')))
    return 'the output of no commands: a "console" block comes right after its "sh" block';
  return undefined;
}

/** The marks of all blocks of a page that are wrong, in words. */
export function misuses(blocks: readonly Block[]): readonly string[] {
  return blocks.flatMap((block, index) => {
    const problem = misuse(block, blocks[index - 1]);
    return problem === undefined ? [] : [`${placeOf(block)}: ${problem}`];
  });
}
