import type { ResourceSet } from '../snapshot/resource-set.js';
import type { Response } from './response.js';

/** What an entry costs besides the bytes of its response, at most about. */
const OVERHEAD = 1_024;

interface Entry {
  readonly response: Response | undefined;
  readonly use: Use;
}

/** Stands for an entry without keeping it: what leads to a state goes with the state. */
interface Use {
  readonly bytes: number;
  readonly forget: () => void;
}

/**
 * The responses that were used last, by the state that they lead to, up to a number of bytes. States live on in the
 * history of what was published; a response that carries all of one must not.
 */
export class ResponseMemory {
  readonly #made = new WeakMap<ResourceSet, Map<string, Entry>>();
  /** What was used longest ago comes first. */
  readonly #uses = new Set<Use>();
  #bytes = 0;

  /** @param most bytes; the response that was used last is kept whatever its size */
  constructor(private readonly most: number) {}

  /**
   * The response of a key that was made before, else the one that `make` gives.
   * @param towards the state that it leads to
   * @param key all else that decides it
   */
  once(towards: ResourceSet, key: string, make: () => Response | undefined): Response | undefined {
    const made = this.#madeFor(towards);
    const known = made.get(key);
    if (known !== undefined) {
      this.#uses.delete(known.use);
      this.#uses.add(known.use);
      return known.response;
    }
    const response = make();
    const weak = new WeakRef(made);
    const use = { bytes: (response?.body.length ?? 0) + OVERHEAD, forget: () => weak.deref()?.delete(key) };
    made.set(key, { response, use });
    this.#uses.add(use);
    this.#bytes += use.bytes;
    this.#forgetOldest();
    return response;
  }

  #madeFor(towards: ResourceSet): Map<string, Entry> {
    let made = this.#made.get(towards);
    if (made === undefined) {
      made = new Map();
      this.#made.set(towards, made);
    }
    return made;
  }

  #forgetOldest(): void {
    for (const use of this.#uses) {
      if (this.#bytes <= this.most || this.#uses.size === 1) return;
      this.#uses.delete(use);
      this.#bytes -= use.bytes;
      use.forget();
    }
  }
}
