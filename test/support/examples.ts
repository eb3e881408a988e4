import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { parseConfig } from '../../src/config/load.js';
import { formatProblem } from '../../src/config/problem.js';
import type { Config } from '../../src/config/schema.js';
import { parseServiceFile } from '../../src/discovery/file/service-file.js';
import type { Resource } from '../../src/snapshot/resource.js';
import { type FileServices, publishedResources } from './published.js';

export const EXAMPLES = resolve(import.meta.dirname, '../../docs/examples');

/** A folder of `docs/examples`. */
export interface Example {
  readonly name: string;
  /** The comment at its head, in one line. */
  readonly about: string;
  readonly config: Config;
  /** Problems and warnings of `validate`. */
  readonly said: readonly string[];
  /** The configuration as it is written, without positions and checks. */
  readonly written: unknown;
  readonly resources: readonly Resource[];
}

export function exampleNames(): readonly string[] {
  const entries = readdirSync(EXAMPLES, { withFileTypes: true });
  return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort();
}

/** @param edited what to change in its text first */
export function readExample(name: string, edited = (text: string) => text): Example {
  const folder = join(EXAMPLES, name);
  const file = join(folder, 'signalbox.yaml');
  const text = edited(readFileSync(file, 'utf8'));
  const { config, warnings = [], problems = [] } = { warnings: [], ...parseConfig(text, file, {}) };
  const said = [...problems, ...warnings].map(formatProblem);
  if (config === undefined) throw new Error(said.join('\n'));
  const comment = /^(#[^\n]*\n)+/.exec(text)?.[0] ?? '';
  return {
    name,
    about: comment
      .replaceAll(/^# ?|\n$/gm, '')
      .replaceAll('\n', ' ')
      .trim(),
    config,
    said,
    written: parse(text),
    resources: publishedResources(config, servicesOf(join(folder, 'services.yaml'))),
  };
}

function servicesOf(file: string): FileServices {
  if (!existsSync(file)) return {};
  const { services, error } = parseServiceFile(readFileSync(file, 'utf8'));
  if (services === undefined) throw new Error(`${file}: ${error}`);
  return Object.fromEntries([...services].map(([name, { items }]) => [name, items]));
}
