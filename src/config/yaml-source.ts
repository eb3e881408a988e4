import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type LineCounter,
  type Node,
  parseDocument,
  type Scalar,
  type YAMLError,
} from 'yaml';
import { parseYaml, YAML_NESTING } from '../base/bounded-yaml.js';
import { HALF_A_PAIR, isUnicodeText } from '../base/data-bounds.js';
import type { ConfigPath } from './problem.js';
import { type Environment, fillVariables, isReference } from './variables.js';

export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface YamlProblem extends Position {
  readonly path?: ConfigPath;
  readonly message: string;
}

/** A YAML text as plain data, and where in the text each part of it stands. */
export interface YamlSource {
  readonly value: unknown;
  readonly problems: readonly YamlProblem[];
  /** The text is no YAML at all: `value` says nothing. */
  readonly broken: boolean;
  /** Where a value stands, or its key; of a value that is not there, the key of what it is missing from. */
  position(path: ConfigPath, at: 'key' | 'value'): Position;
  /** Whether the value came from a variable and was taken for something else than a text. */
  isTyped(path: ConfigPath): boolean;
}

/** Expanded aliases of anchors in a file; what is beyond refers to itself or was made to grow without bounds. */
const MOST_ALIASES = 100;

/**
 * Reads YAML and fills in the environment's variables, after parsing: what a variable holds cannot change the
 * structure. A plain scalar that is one variable and nothing else is typed by YAML's rules (a port is a number)...
 * @param texts ...unless its path is among these, in the form that `formatKey` gives
 */
export function readYaml(
  text: string,
  environment: Environment,
  texts: ReadonlySet<string> = new Set(),
): YamlSource {
  const { document, lines, deep } = parseYaml(text, { uniqueKeys: false, stringKeys: true });
  if (document === undefined) return tooDeep(text.slice(0, deep[0]?.from));
  const reader = new Reader(document, lines, environment, texts);
  const errors = [...document.errors, ...document.warnings];
  const value = errors.length === 0 ? reader.read(document.contents, []) : undefined;
  return {
    value,
    problems: [
      ...errors.map((error) => ({ ...reader.at(error.pos[0]), message: describe(error, text) })),
      ...reader.problems,
    ],
    broken: errors.length > 0,
    position: (path, at) => reader.position(path, at),
    isTyped: (path) => reader.typed.has(formatKey(path)),
  };
}

export function formatKey(path: ConfigPath): string {
  return JSON.stringify(path);
}

const TOO_DEEP = `nested deeper than ${YAML_NESTING} levels`;

/** @param before the text up to what is too deep */
function tooDeep(before: string): YamlSource {
  const place = { line: before.split('\n').length, column: before.length - before.lastIndexOf('\n') };
  return {
    value: undefined,
    problems: [{ ...place, message: TOO_DEEP }],
    broken: true,
    position: () => place,
    isTyped: () => false,
  };
}

class Reader {
  readonly problems: YamlProblem[] = [];
  readonly typed = new Set<string>();
  readonly #offsets = new Map<string, { readonly key: number; readonly value: number }>();
  #aliases = 0;

  constructor(
    private readonly document: Document.Parsed,
    private readonly lines: LineCounter,
    private readonly environment: Environment,
    private readonly texts: ReadonlySet<string>,
  ) {}

  at(offset: number): Position {
    const { line, col } = this.lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }

  position(path: ConfigPath, at: 'key' | 'value'): Position {
    const found = this.#offsets.get(formatKey(path));
    if (found !== undefined) return this.at(found[at]);
    return path.length === 0 ? this.at(0) : this.position(path.slice(0, -1), 'key');
  }

  read(node: Node | null, path: ConfigPath, keyOffset?: number): unknown {
    const offset = node?.range?.[0] ?? keyOffset ?? 0;
    this.#offsets.set(formatKey(path), { key: keyOffset ?? offset, value: offset });
    if (path.length > YAML_NESTING) {
      const message = `${TOO_DEEP}: does an anchor contain itself?`;
      this.problems.push({ ...this.at(offset), path, message });
      return undefined;
    }
    if (isAlias(node)) return this.#readAlias(node.resolve(this.document), path, keyOffset, offset);
    if (isScalar(node)) return this.#readScalar(node, path, offset);
    if (isSeq<Node>(node)) return node.items.map((item, index) => this.read(item, [...path, index]));
    if (isMap<Scalar<string>, Node | null>(node)) {
      const entries = new Map<string, unknown>();
      for (const { key, value } of node.items) {
        const inner = [...path, key.value];
        const start = key.range?.[0] ?? offset;
        if (entries.has(key.value)) {
          this.problems.push({ ...this.at(start), path: inner, message: 'this key stands here twice' });
        } else if (!isUnicodeText(key.value)) {
          this.problems.push({ ...this.at(start), path, message: `a key has ${HALF_A_PAIR}` });
        } else {
          entries.set(key.value, this.read(value, inner, start));
        }
      }
      return Object.fromEntries(entries);
    }
    return null;
  }

  #readAlias(
    target: Node | undefined,
    path: ConfigPath,
    keyOffset: number | undefined,
    offset: number,
  ): unknown {
    this.#aliases += 1;
    if (target !== undefined && this.#aliases <= MOST_ALIASES) return this.read(target, path, keyOffset);
    if (target === undefined) {
      this.problems.push({ ...this.at(offset), path, message: 'no anchor of this name stands before' });
    } else if (this.#aliases === MOST_ALIASES + 1) {
      const message = `more than ${MOST_ALIASES} aliases of anchors, or one that contains itself`;
      this.problems.push({ ...this.at(offset), path, message });
    }
    return undefined;
  }

  #readScalar(node: Scalar, path: ConfigPath, offset: number): unknown {
    if (typeof node.value !== 'string') return node.value;
    if (!isUnicodeText(node.value)) {
      this.problems.push({ ...this.at(offset), path, message: `has ${HALF_A_PAIR}` });
      return undefined;
    }
    if (!node.value.includes('${')) return node.value;
    const filled = fillVariables(node.value, this.environment);
    if (filled.wrong !== undefined) {
      const place = this.at(offset);
      this.problems.push(...filled.wrong.map((message) => ({ ...place, path, message })));
      return undefined;
    }
    if (node.type !== 'PLAIN' || !isReference(node.value) || this.texts.has(formatKey(path)))
      return filled.text;
    const value = typeOf(filled.text);
    if (typeof value !== 'string') this.typed.add(formatKey(path));
    return value;
  }
}

/** What a plain scalar of this text is, where all of the text is one plain scalar; else the text. */
function typeOf(text: string): unknown {
  // Numbers, truth values and null; whatever else a variable holds is not given to the parser.
  if (!/^[\w.+~-]{1,400}$/.test(text)) return text;
  const { contents, errors } = parseDocument(text);
  const whole =
    isScalar(contents) && errors.length === 0 && contents.type === 'PLAIN' && contents.source === text;
  return whole && text !== '' ? contents.value : text;
}

/** The message of a YAML error without the piece of text that some of them quote: it may be a secret. */
function describe(error: YAMLError, text: string): string {
  const message = OWN_MESSAGES[error.code] ?? error.message.replace(/: .*$/s, '');
  const end = text.indexOf('\n', error.pos[0]);
  const line = text.slice(text.lastIndexOf('\n', error.pos[0] - 1) + 1, end === -1 ? undefined : end);
  const hint = /[{[,]\s*([\w-]+:\s*)?\$\{/.test(line)
    ? '; inside { } and [ ] a variable needs quotes: "${VAR}"'
    : '';
  return `not valid YAML: ${message}${hint}`;
}

const OWN_MESSAGES: Readonly<Partial<Record<YAMLError['code'], string>>> = {
  BAD_DQ_ESCAPE: 'Invalid escape sequence in a double-quoted text',
  MULTIPLE_DOCS: 'a configuration is one document, and here a second one begins',
};
