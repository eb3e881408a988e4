import type { JsonObject } from '../json-document.js';

/** More reasons than anybody reads. */
const MOST = 20;

/** Collects all reasons to reject a document, and the differences of a document that is carried over. */
export class Reasons {
  readonly #first: string[] = [];
  readonly #differences = new Set<string>();
  #more = 0;

  add(reason: string): void {
    if (this.#first.length < MOST) this.#first.push(reason);
    else this.#more += 1;
  }

  /** Something is carried over, and Envoy does it in another way. */
  differs(how: string): void {
    if (this.#differences.size < MOST) this.#differences.add(how);
  }

  /** Names what is not among `known`: what is not understood must not be left out in silence. */
  onlyKnown(object: JsonObject, known: ReadonlySet<string>, what = ''): void {
    for (const key of Object.keys(object)) {
      if (!known.has(key)) this.add(`${what}"${key}" is not carried over`);
    }
  }

  /** Undefined where there is none. */
  get text(): string | undefined {
    if (this.#first.length === 0) return undefined;
    return [...this.#first, ...(this.#more > 0 ? [`and ${this.#more} more reasons`] : [])].join('; ');
  }

  get differences(): readonly string[] {
    return [...this.#differences];
  }
}
