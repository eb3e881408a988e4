import { parse } from 'yaml';
import { z } from 'zod';
import { registryAliases, registryOptions } from '../../src/config/registries.js';
import { configSchema } from '../../src/config/schema.js';
import { commonOptions } from '../../src/discovery/registry-options.js';
import { exampleConfigurations, exampleOf } from './examples.js';
import { type Met, optionsOf, type SchemaOption, schemaAt } from './schema-options.js';
import { readSections, type Section } from './sections.js';

const HEAD = `# Configuration

Every option. Made from the schema that a configuration is checked against, by \`npx tsx scripts/configuration.ts\`.

One YAML file. \`signalbox validate -c FILE\` tells every problem at once with its line and column; an unknown key is a problem.
\`\${VAR}\` and \`\${VAR:-default}\` stand for environment variables, anywhere in a value; \`$\${\` is a plain \`\${\`. Flags of the
[command line](command-line.md) and their environment variables beat the file. [config.schema.json](config.schema.json) is the same for
editors: with \`# yaml-language-server: $schema=PATH\` as the file's first line they complete and check while you write.

A **time** is a number of the unit that stands beside it, or a text with its own: \`500ms\`, \`2s\`, \`5m\`, \`1h\`; a **percentage** is \`50%\`
or \`50\`. Relative paths count from the configuration's folder. Below, \`*\` stands for a name of your choice and \`[]\` for each item of
a list; "–" means that there is no default, what then holds is told in the text.
`;

/** docs/configuration.md. Fails where an option has no meaning or no example, or a meaning no option. */
export function configurationPage(): string {
  const sections = readSections();
  const configurations = [
    ...sections.flatMap(({ examples }) => examples.map((text) => parse(text))),
    ...exampleConfigurations(),
  ];
  const met: Met = new Map();
  const contents = sections.map(
    ({ title, at }) => `- [${title}](#${anchor(title)})${at === '' ? '' : `: \`${at}\``}`,
  );
  const own = (section: Section) => ({ section, options: optionsIn(section, sections, met) });
  const parts = sections
    .map(own)
    .map(({ section, options }) => part(section, options, sections, configurations));
  return [HEAD, contents.join('\n'), '', ...parts].join('\n');
}

const anchor = (title: string): string => title.toLowerCase().replaceAll(' ', '-');

function optionsIn(section: Section, sections: readonly Section[], met: Met): readonly SchemaOption[] {
  const { at } = section;
  const apart = new Set([
    'discovery',
    ...sections.map((other) => other.at.replace(/(\.\*|\[\])$/, '')),
    ...section.leave.map((path) => `${at}.${path}`),
    'listeners[].routes',
  ]);
  const registry = registryOptions.options.find(({ shape }) => at === `discovery.${shape.type.value}`);
  if (at === 'discovery.*') {
    const type = z.enum(registryOptions.options.map(({ shape }) => shape.type.value)).optional();
    return optionsOf(z.strictObject({ type, ...commonOptions }), at, met, () => false);
  }
  if (registry === undefined)
    return optionsOf(schemaAt(configSchema, at), at, met, (path) => path !== at && apart.has(path));
  const shared = new Map<string, unknown>(Object.entries(commonOptions));
  const shape = Object.entries<z.core.$ZodType>(registry.shape).filter(
    ([name, schema]) => name !== 'type' && shared.get(name) !== schema,
  );
  return optionsOf(z.strictObject(Object.fromEntries(shape)), at, met, () => false);
}

function part(
  section: Section,
  options: readonly SchemaOption[],
  sections: readonly Section[],
  configurations: readonly unknown[],
): string {
  const { title, at, see, about, examples } = section;
  const unknown = Object.keys(section.options).filter(
    (path) => !options.some((option) => option.path === path),
  );
  if (unknown.length > 0) throw new Error(`${title}: there is no option ${unknown.join(', ')}`);
  const rows = options.map((option) => row(section, option, sections, configurations));
  return [
    `## ${title}`,
    '',
    [at === '' ? '' : `\`${at}\`.`, about ?? '', see === undefined ? '' : `More: [${see}](${see}).`]
      .filter((text) => text !== '')
      .join(' '),
    '',
    ...examples.flatMap((text) => [`\`\`\`yaml\n${text}\`\`\``, '']),
    '| option | type | default | example | meaning |',
    '|---|---|---|---|---|',
    ...rows,
    '',
  ]
    .filter((line, index, lines) => line !== '' || lines[index - 1] !== '')
    .join('\n');
}

function row(
  section: Section,
  option: SchemaOption,
  sections: readonly Section[],
  configurations: readonly unknown[],
): string {
  const { path, type, required, holds } = option;
  const meaning = section.options[path];
  const whole = section.at === '' ? path : `${section.at}.${path}`;
  if (meaning === undefined) throw new Error(`${section.title}: "${path}" has no meaning`);
  const registry = /^discovery\.(\w+)$/.exec(section.at)?.[1];
  const at = registry === undefined ? whole : `discovery.${registry}!.${path}`;
  const elsewhere = sections.find(
    (other) => other.at.replace(/(\.\*|\[\])$/, '') === whole && other !== section,
  );
  const isLeaf = holds === undefined && elsewhere === undefined && whole !== 'discovery';
  const example = isLeaf ? exampleOf(configurations, at) : undefined;
  if (isLeaf && example === undefined && !path.endsWith('tls'))
    throw new Error(`${section.title}: no example has "${at}"`);
  const older = olderNames(registry, path);
  const text = [
    meaning,
    typeof holds === 'object' ? `; its options are those of \`${holds.as}\`` : '',
    elsewhere === undefined ? '' : `: [${elsewhere.title}](#${anchor(elsewhere.title)})`,
    older.length === 0 ? '' : `. Older names: ${older.map((name) => `\`${name}\``).join(', ')}`,
  ].join('');
  const fallback = required
    ? 'required'
    : option.default === undefined || option.default === ''
      ? '–'
      : code(option.default);
  const cells = [`\`${path}\``, type, fallback, example === undefined ? '' : code(example), text];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

const code = (text: string): string => (text === 'none' ? text : `\`${text}\``);

function olderNames(registry: string | undefined, path: string): readonly string[] {
  const aliases = registry === 'consul_kv' ? registryAliases.consul_kv : undefined;
  return Object.entries(aliases ?? {}).flatMap(([name, { option }]) => (option === path ? [name] : []));
}
