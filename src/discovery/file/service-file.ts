import { type Document, LineCounter, parseDocument, visit } from 'yaml';
import { messageOf } from '../../errors.js';

export interface ServiceList {
  /** Not checked yet. */
  readonly items: readonly unknown[];
  /** The same list always gives the same text. */
  readonly text: string;
}

/** What stands in a services file. */
export type ServiceFile =
  | { readonly services: ReadonlyMap<string, ServiceList>; readonly error?: undefined }
  | { readonly error: string; readonly services?: undefined };

/** Reads `services: { NAME: [ … ] }` from YAML or JSON; an error says line and column. */
export function parseServiceFile(text: string): ServiceFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `line ${line}, column ${col}`;
  };
  const wrong = (path: readonly string[], message: string): ServiceFile => {
    const node = document.getIn(path, true);
    const offset = hasRange(node) ? node.range[0] : 0;
    return { error: `${at(offset)}: ${message}` };
  };

  const [broken] = document.errors;
  if (broken !== undefined) return { error: `${at(broken.pos[0])}: ${broken.message}` };

  let content: unknown;
  try {
    content = document.toJS();
  } catch (thrown) {
    return { error: `${at(unresolvedAlias(document) ?? 0)}: ${messageOf(thrown)}` };
  }
  if (!isRecord(content)) return wrong([], 'expected a map with the key "services"');
  const unknown = Object.keys(content).find((key) => key !== 'services');
  if (unknown !== undefined) return wrong([unknown], `unknown key "${unknown}", expected only "services"`);
  if (!isRecord(content.services)) return wrong(['services'], '"services" must be a map of names to lists');

  const services = new Map<string, ServiceList>();
  for (const [name, list] of Object.entries(content.services)) {
    const items: unknown = list ?? [];
    if (!Array.isArray(items)) {
      return wrong(['services', name], `service "${name}" must be a list of instances`);
    }
    try {
      services.set(name, { items, text: JSON.stringify(items) });
    } catch (thrown) {
      // An anchor inside of what it names makes a list that has no end.
      return wrong(['services', name], `service "${name}" is no list that can be read: ${messageOf(thrown)}`);
    }
  }
  return { services };
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
