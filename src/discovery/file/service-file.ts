import { type Document, isScalar, visit } from 'yaml';
import { parseYamlWithoutDeep, YAML_NESTING } from '../../base/bounded-yaml.js';
import { dataProblem } from '../../base/data-bounds.js';
import { isTextDeeperThan } from '../../base/nesting.js';
import { messageOf } from '../../errors.js';
import { suggestion } from '../../suggestion.js';

export interface ServiceList {
  /** Not checked yet. */
  readonly items: readonly unknown[];
  /** The same list always gives the same text. Of an item that is beyond the bounds it has the reason alone. */
  readonly text: string;
}

/** What stands in a services file. */
export type ServiceFile =
  | { readonly services: ReadonlyMap<string, ServiceList>; readonly error?: undefined }
  | { readonly error: string; readonly services?: undefined };

/** Where something stands in a text, from 1. */
export interface TextPlace {
  readonly line: number;
  readonly column: number;
}

/** The same, with the position of each entry or of the problem. */
export type PlacedServiceFile =
  | {
      readonly services: ReadonlyMap<string, ServiceList>;
      /** @param path keys and indices from the top */
      readonly placeOf: (path: readonly (string | number)[]) => TextPlace | undefined;
    }
  | { readonly problem: string; readonly place?: TextPlace; readonly services?: undefined };

/** Levels of JSON. Deeper text takes the parser too long. */
const MOST_LEVELS = 200_000;

/**
 * Reads `services: { NAME: [ … ] }` from YAML or JSON; an error says line and column. JSON takes a fraction of the time,
 * and of a name that comes twice in it the last one counts. What is nested deeper in YAML than an item may be is read
 * without its innermost part, so that its item is the only one that is too deep.
 */
export function parseServiceFile(text: string): ServiceFile {
  const looksLikeJson = /^\s*\{/.test(text);
  if (looksLikeJson && isTextDeeperThan(text, MOST_LEVELS))
    return { error: `nested deeper than ${MOST_LEVELS} levels` };
  const content = looksLikeJson ? parseJson(text) : undefined;
  const read = content === undefined ? undefined : readContent(content);
  if (read?.services !== undefined) return { services: read.services };
  // YAML's parser says where the error stands, but reads nothing that is very deep.
  if (read !== undefined && isTextDeeperThan(text, YAML_NESTING)) return { error: read.error };
  const placed = parsePlaced(text);
  if (placed.services !== undefined) return { services: placed.services };
  const { problem, place } = placed;
  return { error: place === undefined ? problem : `line ${place.line}, column ${place.column}: ${problem}` };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Reads a services file, as YAML in any case. */
export function parsePlaced(text: string): PlacedServiceFile {
  const { document, lines } = parseYamlWithoutDeep(text, {
    // The parser's own look for equal keys compares each key of a map with all others.
    uniqueKeys: false,
    // A key that is a list becomes a text: said on the process's standard error at each read, it would help nobody.
    logLevel: 'error',
  });
  if (document === undefined) return { problem: `no YAML, and nested deeper than ${YAML_NESTING} levels` };
  const placeAt = (offset: number): TextPlace => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const wrong = (offset: number, problem: string): PlacedServiceFile => ({
    problem,
    place: placeAt(offset),
  });

  const [broken] = document.errors;
  if (broken !== undefined) return wrong(broken.pos[0], broken.message);
  const repeated = repeatedKey(document);
  if (repeated !== undefined) return wrong(repeated, 'Map keys must be unique');

  let content: unknown;
  try {
    content = document.toJS();
  } catch (thrown) {
    return wrong(unresolvedAlias(document) ?? 0, messageOf(thrown));
  }
  const read = readContent(content);
  const offsetOf = (path: readonly (string | number)[]) => {
    const node = document.getIn(path, true);
    return hasRange(node) ? node.range[0] : undefined;
  };
  if (read.services === undefined) return wrong(offsetOf(read.at) ?? 0, read.error);
  return {
    services: read.services,
    placeOf: (path) => {
      const offset = offsetOf(path);
      return offset === undefined ? undefined : placeAt(offset);
    },
  };
}

function readContent(
  content: unknown,
):
  | { readonly services: ReadonlyMap<string, ServiceList> }
  | { readonly services?: undefined; readonly at: readonly string[]; readonly error: string } {
  if (!isRecord(content)) return { at: [], error: 'expected a map with the key "services"' };
  const unknown = Object.keys(content).find((key) => key !== 'services');
  if (unknown !== undefined)
    return { at: [unknown], error: `unknown key "${unknown}"${suggestion(unknown, ['services'])}` };
  if (!Object.hasOwn(content, 'services')) return { at: [], error: 'the key "services" is missing' };
  if (!isRecord(content.services))
    return { at: ['services'], error: '"services" must be a map of names to lists' };

  const services = new Map<string, ServiceList>();
  for (const [name, list] of Object.entries(content.services)) {
    const at = ['services', name];
    const items: unknown = list ?? [];
    if (!Array.isArray(items)) return { at, error: `service "${name}" must be a list of instances` };
    services.set(name, { items, text: items.map(textOfItem).join('\n') });
  }
  return { services };
}

/** An anchor inside of what it names makes an item that has no end. */
function textOfItem(item: unknown): string {
  return dataProblem(item) ?? JSON.stringify(item);
}

/** Where the first key stands that its map has already. */
function repeatedKey(document: Document): number | undefined {
  let offset: number | undefined;
  visit(document, {
    Map(_, map) {
      const seen = new Set<unknown>();
      for (const { key } of map.items) {
        if (!isScalar(key)) continue;
        if (seen.has(key.value)) {
          offset = key.range?.[0] ?? 0;
          return visit.BREAK;
        }
        seen.add(key.value);
      }
      return undefined;
    },
  });
  return offset;
}

function unresolvedAlias(document: Document): number | undefined {
  let offset: number | undefined;
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) !== undefined) return undefined;
      offset = alias.range?.[0];
      return visit.BREAK;
    },
  });
  return offset;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function hasRange(node: unknown): node is { readonly range: readonly [number, number, number] } {
  return typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range);
}
