import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';

const EXAMPLES = join(import.meta.dirname, '../../docs/examples');
const LONGEST = 48;

/** The configurations of docs/examples. */
export function exampleConfigurations(): readonly unknown[] {
  return readdirSync(EXAMPLES, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => parse(readFileSync(join(EXAMPLES, name, 'signalbox.yaml'), 'utf8')));
}

/** The shortest value that an option has in these configurations, as it is written there. */
export function exampleOf(configurations: readonly unknown[], path: string): string | undefined {
  const steps = path.split(/\.|(?=\[\])/).filter((step) => step !== '');
  const written = configurations
    .flatMap((configuration) => valuesAt(configuration, steps))
    .map((value) => stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trim());
  const [shortest] = written.toSorted((a, b) => a.length - b.length);
  if (shortest === undefined || shortest.length <= LONGEST) return shortest;
  return `${shortest.slice(0, LONGEST)} …`;
}

function valuesAt(value: unknown, [step, ...rest]: readonly string[]): readonly unknown[] {
  if (step === undefined) return [value];
  if (step === '[]') return Array.isArray(value) ? value.flatMap((item) => valuesAt(item, rest)) : [];
  // What may be one or a list of them.
  if (Array.isArray(value)) return value.flatMap((item) => valuesAt(item, [step, ...rest]));
  if (typeof value !== 'object' || value === null) return [];
  // A registry by its type, whatever its name.
  const type = /^(\w+)!$/.exec(step)?.[1];
  if (type !== undefined)
    return Object.entries(value)
      .filter(([name, options]) => (Object(options).type ?? name) === type)
      .flatMap(([, options]) => valuesAt(options, rest));
  if (step === '*') return Object.values(value).flatMap((item) => valuesAt(item, rest));
  return Object.hasOwn(value, step) ? valuesAt(Reflect.get(value, step), rest) : [];
}
