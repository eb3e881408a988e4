import {
  Composer,
  CST,
  type Document,
  type DocumentOptions,
  Lexer,
  LineCounter,
  type ParseOptions,
  Parser,
  type SchemaOptions,
  YAMLParseError,
} from 'yaml';

/** The most levels of collections in a YAML text: few enough for all that is recursive in reading one. */
export const YAML_NESTING = 64;

/** A part of a text, by offsets. */
export interface TextPart {
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
}

export type ParsedYaml =
  | { readonly document: Document.Parsed; readonly lines: LineCounter; readonly deep?: undefined }
  /** The parts that are nested too deep, in order. */
  | { readonly deep: readonly TextPart[]; readonly document?: undefined; readonly lines?: undefined };

/**
 * Parses a YAML text, as `parseDocument` does, that is nested at most `most` levels deep. How deep it is tells the number
 * of collections that the library's parser has open at a time, before anything recursive looks at them; this holds for
 * texts that are no YAML too. Anchors and aliases are not followed.
 */
export function parseYaml(
  text: string,
  options: ParseOptions & DocumentOptions & SchemaOptions = {},
  most: number = YAML_NESTING,
): ParsedYaml {
  const lines = new LineCounter();
  const reading = new Reading(text, lines, most);
  for (const lexeme of new Lexer().lex(text)) reading.take(lexeme);
  const { tokens, deep } = reading.end();
  if (deep.length > 0) return { deep };
  const composer = new Composer({ ...options, lineCounter: lines });
  const [document, second] = composer.compose(tokens, true, text.length);
  // It is always there with `forceDoc`, the second argument.
  if (document === undefined) throw new TypeError('a YAML text without a document');
  if (second !== undefined) {
    const place: [number, number] = [second.range[0], second.range[1]];
    document.errors.push(new YAMLParseError(place, 'MULTIPLE_DOCS', 'a second document begins'));
  }
  return { document, lines };
}

/** How often deep parts are removed. In a text that is not YAML, the rest may parse differently after a removal. */
const TRIES = 3;

/** Parses a YAML text and replaces parts that are nested too deep with null, where possible. */
export function parseYamlWithoutDeep(
  text: string,
  options: Parameters<typeof parseYaml>[1] = {},
  most: number = YAML_NESTING,
): ParsedYaml {
  let parsed = parseYaml(text, options, most);
  let rest = text;
  for (let tried = 0; tried < TRIES && parsed.deep !== undefined; tried += 1) {
    rest = withoutParts(rest, parsed.deep);
    parsed = parseYaml(rest, options, most);
  }
  return parsed;
}

/** The text with null in place of these parts: everything else stays where it stands. */
export function withoutParts(text: string, parts: readonly TextPart[]): string {
  let kept = '';
  let at = 0;
  for (const { from, to } of parts) {
    kept += `${text.slice(at, from)}~${text.slice(from + 1, to).replace(/[^\r\n]+/g, (line) => ' '.repeat(line.length))}`;
    at = to;
  }
  return kept + text.slice(at);
}

function isOpen(token: CST.Token): boolean {
  if (token.type === 'flow-collection') return token.end.length === 0;
  return token.type === 'block-map' || token.type === 'block-seq';
}

const BLANK: ReadonlySet<unknown> = new Set(['space', 'newline', 'comment']);

/** Passes the lexer's tokens to the parser and leaves out parts that are nested too deep. */
class Reading {
  readonly #parser: Parser;
  readonly #tokens: CST.Token[] = [];
  readonly #deep: TextPart[] = [];
  #offset = 0;
  #lineStart = 0;
  /** The line break of the previous line. */
  #newline = '';
  #isFirstInLine = true;
  #isScalar = false;
  /** The next scalar is the lines below a `|` or `>`, which begin where they like. */
  #isBlockScalar = false;
  #brackets = 0;
  /** The part that is left out. It ends at the bracket that leaves `brackets` open, or at the first line that starts left of `column`. */
  #skipped:
    | {
        readonly from: number;
        readonly brackets: number;
        readonly isWhole: boolean;
        readonly column?: undefined;
      }
    | { readonly from: number; readonly column: number }
    | undefined;

  constructor(
    private readonly text: string,
    lines: LineCounter,
    private readonly most: number,
  ) {
    lines.addNewLine(0);
    this.#parser = new Parser(lines.addNewLine);
  }

  take(lexeme: string): void {
    const isScalar = this.#isScalar;
    const type = isScalar ? null : CST.tokenType(lexeme);
    const isBlockScalar = isScalar && this.#isBlockScalar;
    if (isScalar) this.#isBlockScalar = false;
    this.#isScalar = type === 'scalar';
    if (type === 'block-scalar-header') this.#isBlockScalar = true;
    if (type === 'flow-map-start' || type === 'flow-seq-start') this.#brackets += 1;
    if (type === 'flow-map-end' || type === 'flow-seq-end') this.#brackets = Math.max(0, this.#brackets - 1);
    if (type === 'flow-error-end' || type === 'doc-start' || type === 'doc-end') this.#brackets = 0;

    const at = this.#offset;
    // These three stand for nothing in the text.
    const length = type === 'scalar' || type === 'doc-mode' || type === 'flow-error-end' ? 0 : lexeme.length;
    const isFirst = this.#isFirstInLine && length > 0 && !isBlockScalar && !BLANK.has(type);
    const skipped = this.#skipped !== undefined;
    if (!skipped || this.#ends(type, at, isFirst)) {
      if (skipped && isScalar) this.#parse(CST.SCALAR);
      this.#parse(lexeme);
      if (!BLANK.has(type)) this.#look(at);
    }
    if (isFirst) this.#isFirstInLine = false;
    this.#offset += length;
    const newline = length > 0 ? lexeme.lastIndexOf('\n') : -1;
    if (newline === -1) return;
    this.#lineStart = at + newline + 1;
    this.#newline = lexeme[newline - 1] === '\r' ? '\r\n' : '\n';
    if (newline === lexeme.length - 1) this.#isFirstInLine = true;
  }

  end(): { readonly tokens: readonly CST.Token[]; readonly deep: readonly TextPart[] } {
    if (this.#skipped !== undefined) this.#deep.push({ from: this.#skipped.from, to: this.#offset });
    // Collections that are open at the end are not too deep.
    for (const token of this.#parser.end()) this.#tokens.push(token);
    return { tokens: this.#tokens, deep: this.#deep };
  }

  #parse(lexeme: string): void {
    for (const token of this.#parser.next(lexeme)) this.#tokens.push(token);
  }

  /** Starts to leave tokens out if the parser is now too deep. */
  #look(at: number): void {
    const { stack } = this.#parser;
    if (stack.length <= this.most) return;
    const deep = stack.filter(isOpen)[this.most];
    if (deep === undefined) return;
    // In a text that is no YAML it may still be open although it was left out.
    const from = deep.offset < (this.#deep.at(-1)?.to ?? 0) ? at : deep.offset;
    this.#skipped =
      this.#brackets > 0
        ? { from, brackets: this.#brackets - 1, isWhole: deep.type === 'flow-collection' }
        : { from, column: from - (this.text.lastIndexOf('\n', from - 1) + 1) };
  }

  /** Whether the part that is left out ends before this lexeme; the parser then gets the lexeme. */
  #ends(type: ReturnType<typeof CST.tokenType>, at: number, isFirst: boolean): boolean {
    const skipped = this.#skipped;
    if (skipped === undefined) return true;
    if (skipped.column === undefined) {
      if (this.#brackets > skipped.brackets) return false;
      const isBracket = type === 'flow-map-end' || type === 'flow-seq-end';
      this.#end(skipped.from, skipped.isWhole && isBracket ? at + 1 : at, at);
      return true;
    }
    if (type === 'doc-start' || type === 'doc-end') {
      this.#end(skipped.from, at, at);
      return true;
    }
    if (!isFirst || this.#brackets > (type === 'flow-map-start' || type === 'flow-seq-start' ? 1 : 0))
      return false;
    if (at - this.#lineStart >= skipped.column) return false;
    this.#end(skipped.from, at, this.#lineStart - this.#newline.length);
    // By these the parser knows where the line begins.
    this.#parse(this.#newline);
    if (at > this.#lineStart) this.#parse(' '.repeat(at - this.#lineStart));
    return true;
  }

  #end(from: number, to: number, offset: number): void {
    if (to > from) this.#deep.push({ from, to });
    this.#skipped = undefined;
    this.#parser.offset = offset;
  }
}
