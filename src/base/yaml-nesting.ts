import { CST, Lexer } from 'yaml';

/** The most levels of brackets and of indentation in a YAML text: few enough for all that is recursive in reading one. */
export const YAML_NESTING = 64;

/** A part of a text, by offsets. */
export interface TextPart {
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
}

/**
 * The parts of a YAML text that are nested deeper than `most` levels, each as a whole, in order. They are found by the
 * tokens alone, which are taken one after the other. Anchors and aliases are not followed.
 */
export function deepYamlParts(text: string, most: number = YAML_NESTING): readonly TextPart[] {
  const scan = new Scan(most);
  for (const token of new Lexer().lex(text)) scan.take(token);
  return scan.end();
}

/** The text with null in place of what is nested deeper than `most` levels: everything else stays where it stands. */
export function withoutDeepYaml(text: string, most: number = YAML_NESTING): string {
  let kept = '';
  let at = 0;
  for (const { from, to } of deepYamlParts(text, most)) {
    kept += `${text.slice(at, from)}~${text.slice(from + 1, to).replace(/[^\r\n]/g, ' ')}`;
    at = to;
  }
  return kept + text.slice(at);
}

class Scan {
  readonly #parts: TextPart[] = [];
  /** The columns at which the block collections around here begin, each further to the right. */
  #columns: number[] = [];
  /** How many brackets are open. */
  #brackets = 0;
  #offset = 0;
  #lineStart = 0;
  /** Where the first node after a line's start or an indicator stands: what may turn out to be a key. */
  #node: number | undefined;
  #isFirstInLine = true;
  #isScalar = false;
  /** What is being left out: it ends with the bracket, or with the first line that begins left of the column. */
  #deep:
    | { readonly from: number; readonly brackets: number; readonly column: number | undefined }
    | undefined;

  constructor(private readonly most: number) {}

  take(token: string): void {
    const at = this.#offset;
    const type = this.#isScalar ? null : CST.tokenType(token);
    this.#isScalar = type === 'scalar';
    // These three stand for nothing in the text.
    if (type === 'scalar' || type === 'doc-mode' || type === 'flow-error-end') {
      if (type === 'flow-error-end') this.#close(at, 0);
      return;
    }
    this.#offset += token.length;
    this.#step(type, at);
    const newline = token.lastIndexOf('\n');
    if (newline === -1) return;
    this.#lineStart = at + newline + 1;
    if (newline === token.length - 1) {
      this.#isFirstInLine = true;
      this.#node = undefined;
    }
  }

  end(): readonly TextPart[] {
    this.#leaveDeep(this.#offset);
    return this.#parts;
  }

  #step(type: ReturnType<typeof CST.tokenType>, at: number): void {
    switch (type) {
      case 'space':
      case 'comment':
      case 'newline':
      case 'comma':
      case 'byte-order-mark':
      case 'directive-line':
        return;
      case 'doc-start':
      case 'doc-end':
        this.#leaveDeep(at);
        this.#columns = [];
        this.#brackets = 0;
        return;
      case 'flow-map-start':
      case 'flow-seq-start':
        this.#begin(at);
        this.#brackets += 1;
        if (this.#deep === undefined && this.#columns.length + this.#brackets > this.most)
          this.#deep = { from: at, brackets: this.#brackets - 1, column: undefined };
        return;
      case 'flow-map-end':
      case 'flow-seq-end':
        this.#close(at + 1, Math.max(0, this.#brackets - 1));
        return;
      case 'seq-item-ind':
      case 'explicit-key-ind':
        this.#begin(at);
        this.#enter(at);
        return;
      case 'map-value-ind':
        this.#begin(at);
        this.#enter(this.#node ?? at);
        return;
      default:
        this.#begin(at);
    }
  }

  /** A node or an indicator: the first one of a line says which block collections have ended. */
  #begin(at: number): void {
    if (this.#brackets > 0) return;
    this.#node ??= at;
    if (!this.#isFirstInLine) return;
    this.#isFirstInLine = false;
    const column = at - this.#lineStart;
    const deep = this.#deep?.column;
    if (deep !== undefined && column < deep) this.#leaveDeep(at);
    while ((this.#columns.at(-1) ?? 0) > column) this.#columns.pop();
  }

  /** A block collection of which one part begins here. */
  #enter(at: number): void {
    if (this.#brackets > 0) return;
    this.#node = undefined;
    const column = at - this.#lineStart;
    if (this.#deep !== undefined || column <= (this.#columns.at(-1) ?? -1)) return;
    if (this.#columns.length >= this.most) this.#deep = { from: at, brackets: 0, column };
    else this.#columns.push(column);
  }

  #close(at: number, brackets: number): void {
    this.#brackets = brackets;
    const deep = this.#deep;
    if (deep !== undefined && deep.column === undefined && brackets <= deep.brackets) this.#leaveDeep(at);
  }

  #leaveDeep(to: number): void {
    if (this.#deep !== undefined) this.#parts.push({ from: this.#deep.from, to });
    this.#deep = undefined;
  }
}
