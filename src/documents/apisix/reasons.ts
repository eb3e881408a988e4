import type { JsonObject } from '../json-document.js';

/** Why a document cannot be carried over: all of it at once. */
export class Reasons {
  readonly #all: string[] = [];

  add(reason: string): void {
    this.#all.push(reason);
  }

  /** Names what is not among `known`: what is not understood must not be left out in silence. */
  onlyKnown(object: JsonObject, known: ReadonlySet<string>, what = ''): void {
    for (const key of Object.keys(object)) {
      if (!known.has(key)) this.add(`${what}"${key}" is not carried over`);
    }
  }

  /** Undefined where there is none. */
  get text(): string | undefined {
    return this.#all.length === 0 ? undefined : this.#all.join('; ');
  }
}
