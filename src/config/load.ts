import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { messageOf } from '../errors.js';
import { crossCheck } from './cross-checks.js';
import { type Placed, prepareDiscovery } from './discovery-block.js';
import { formatPath, type Problem } from './problem.js';
import { type Config, configSchema } from './schema.js';
import { check } from './schema-problems.js';
import type { Environment } from './variables.js';
import { formatKey, readYaml } from './yaml-source.js';

export type LoadedConfig =
  | { readonly config: Config; readonly warnings: readonly Problem[]; readonly problems?: undefined }
  | { readonly problems: readonly Problem[]; readonly config?: undefined };

/** Reads a configuration file. Relative paths in it count from its folder. */
export async function loadConfig(file: string, environment: Environment): Promise<LoadedConfig> {
  try {
    return parseConfig(await readFile(file, 'utf8'), file, environment);
  } catch (thrown) {
    return { problems: [{ file, message: `cannot be read: ${messageOf(thrown)}` }] };
  }
}

/** Reads the text of a configuration file: all of its problems at once, or what it says. */
export function parseConfig(text: string, file: string, environment: Environment): LoadedConfig {
  const first = attempt(text, file, environment, new Set());
  // A password of digits that came from a variable is no number: read again, with that variable as a text.
  return first.texts.size === 0 ? first.result : attempt(text, file, environment, first.texts).result;
}

function attempt(
  text: string,
  file: string,
  environment: Environment,
  texts: ReadonlySet<string>,
): { readonly result: LoadedConfig; readonly texts: ReadonlySet<string> } {
  const source = readYaml(text, environment, texts);
  const problems: Problem[] = source.problems.map(({ path, ...problem }) => ({
    file,
    ...problem,
    ...(path !== undefined && { path: formatPath(path) }),
  }));
  const fail = (): LoadedConfig => ({ problems: inOrder(problems) });
  if (!source.broken && source.value === null) problems.push({ file, message: 'the file says nothing' });
  if (source.broken || source.value === null) return { result: fail(), texts: new Set() };

  const discovery = prepareDiscovery(source.value, dirname(resolve(file)));
  const place = ({ path, message }: Placed, at: 'key' | 'value'): Problem => {
    const written = discovery.written(path);
    return {
      file,
      ...source.position(written, at),
      ...(written.length > 0 && { path: formatPath(written) }),
      message,
    };
  };
  problems.push(...discovery.problems.map((problem) => place(problem, 'value')));

  const checked = check(configSchema, discovery.value);
  if (checked.problems !== undefined) {
    const told = new Set(problems.map(({ path }) => path));
    const found = checked.problems.map((problem) => place(problem, problem.at));
    // What a part lacks because of a problem within it that was told already is no problem of its own.
    const follows = (path = '') => [...told].some((inner) => inner === path || inner?.startsWith(`${path}.`));
    problems.push(...found.filter(({ path }) => !follows(path)));
    const wanted = checked.problems
      .filter(({ wantsText, path }) => wantsText && source.isTyped(discovery.written(path)))
      .map(({ path }) => formatKey(discovery.written(path)));
    return { result: fail(), texts: new Set(wanted) };
  }

  const crossed = crossCheck(checked.value);
  problems.push(...crossed.problems.map((problem) => place(problem, 'value')));
  const warnings = [...discovery.warnings, ...crossed.warnings].map((warning) => place(warning, 'key'));
  const result = problems.length > 0 ? fail() : { config: checked.value, warnings: inOrder(warnings) };
  return { result, texts: new Set() };
}

function inOrder(problems: readonly Problem[]): readonly Problem[] {
  return problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}
