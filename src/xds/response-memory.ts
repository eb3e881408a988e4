import type { ResourceSet } from '../snapshot/resource-set.js';
import type { MadeResponse } from './response.js';

/** Responses towards one state. */
const MOST_OF_A_STATE = 64;
/** Bytes that an entry takes besides its response, about. */
const OVERHEAD = 512;

/** What the responses towards a state take. Does not keep them: they go with the state. */
interface Share {
  bytes: number;
  readonly forget: () => void;
}

interface Kept {
  readonly made: Map<string, MadeResponse | undefined>;
  readonly share: Share;
}

/**
 * The responses towards the states that were used last, up to a number of bytes. States live on in the history of what
 * was published; responses that carry all of one must not.
 */
export class ResponseMemory {
  readonly #byState = new WeakMap<ResourceSet, Kept>();
  /** What was used longest ago comes first. */
  readonly #shares = new Set<Share>();
  readonly #gone = new FinalizationRegistry<Share>((share) => this.#drop(share));
  #bytes = 0;

  /** @param most bytes; the response that was made last is kept whatever its size */
  constructor(private readonly most: number) {}

  /**
   * The response of a key that was made before, else the one that `make` gives.
   * @param towards the state that it leads to
   * @param key all else that decides it
   */
  once(towards: ResourceSet, key: string, make: () => MadeResponse | undefined): MadeResponse | undefined {
    const { made, share } = this.#of(towards);
    this.#shares.delete(share);
    if (made.has(key)) {
      this.#shares.add(share);
      return made.get(key);
    }
    if (made.size >= MOST_OF_A_STATE || share.bytes > this.most) this.#drop(share);
    const fresh = make();
    made.set(key, fresh);
    this.#shares.add(share);
    this.#count(share, (fresh === undefined ? 0 : fresh.body.length + fresh.response.weight) + OVERHEAD);
    for (const oldest of this.#shares) {
      if (this.#bytes <= this.most || oldest === share) break;
      this.#drop(oldest);
    }
    return fresh;
  }

  #of(towards: ResourceSet): Kept {
    const known = this.#byState.get(towards);
    if (known !== undefined) return known;
    const made: Kept['made'] = new Map();
    const kept = { made, share: shareOf(made) };
    this.#byState.set(towards, kept);
    this.#gone.register(made, kept.share);
    return kept;
  }

  #drop(share: Share): void {
    this.#shares.delete(share);
    this.#count(share, -share.bytes);
    share.forget();
  }

  #count(share: Share, bytes: number): void {
    share.bytes += bytes;
    this.#bytes += bytes;
  }
}

/** Apart, so that its function keeps nothing but the weak reference. */
function shareOf(made: Kept['made']): Share {
  const weak = new WeakRef(made);
  return { bytes: 0, forget: () => weak.deref()?.clear() };
}
