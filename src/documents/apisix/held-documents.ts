import { type JsonObject, mapDocument, readJson } from '../json-document.js';
import { Reasons } from './reasons.js';

interface Held<T> {
  /** The last good version. */
  readonly good: T | undefined;
  /** Why the version of now is not good. */
  readonly rejected: string | undefined;
  /** What is different of the version of now. */
  readonly differences: readonly string[];
}

const NONE: readonly string[] = [];

/** Documents that others refer to, each with its last good version. */
export class HeldDocuments<T> {
  readonly #held = new Map<string, Held<T>>();
  readonly #gone = new Set<string>();

  /** @param read what a document says; it counts where no reason is given against it */
  constructor(
    private readonly read: (given: JsonObject, id: string, reasons: Reasons) => T | undefined,
    private readonly parse = readJson,
  ) {}

  change(id: string, text: string | undefined): void {
    const before = this.#held.get(id)?.good;
    if (text === undefined) {
      this.#gone.add(id);
      this.#held.set(id, { good: before, rejected: 'there is no such document', differences: NONE });
      return;
    }
    this.#gone.delete(id);
    const json = this.parse(text);
    if (json.rejected !== undefined) {
      this.#held.set(id, { good: before, rejected: json.rejected, differences: NONE });
      return;
    }
    const reasons = new Reasons();
    const good = mapDocument(
      () => this.read(json.value, id, reasons),
      (reason) => {
        reasons.add(reason);
        return undefined;
      },
    );
    const rejected = reasons.text;
    const { differences } = reasons;
    this.#held.set(id, { good: rejected === undefined ? good : before, rejected, differences });
  }

  /** The version of now; where it is not good, a reason is given. */
  get(id: string, what: string, reasons: Reasons): T | undefined {
    const held = this.#held.get(id);
    const rejected = held === undefined ? 'there is no such document' : held.rejected;
    if (rejected === undefined) {
      for (const how of held?.differences ?? NONE) reasons.differs(how);
      return held?.good;
    }
    reasons.add(`${what}: ${rejected}`);
    return undefined;
  }

  /** The last good versions of all documents that are there, in the order of their ids. */
  all(): readonly T[] {
    return [...this.#held.keys()]
      .filter((id) => !this.#gone.has(id))
      .sort()
      .flatMap((id) => this.#held.get(id)?.good ?? []);
  }

  good(id: string): T | undefined {
    return this.#held.get(id)?.good;
  }

  /** Forgets the documents that are gone and not needed; gives their ids. */
  sweep(isFree: (id: string) => boolean): readonly string[] {
    const free = [...this.#gone].filter(isFree);
    for (const id of free) {
      this.#gone.delete(id);
      this.#held.delete(id);
    }
    return free;
  }
}
