import type { Weight } from '../../base/recent.js';
import type { StreamState } from '../stream-state.js';
import { weightsOf } from '../weights.js';
import type { CallAccount } from './account.js';

/** Charges a stream's account for its state. State that several streams share is charged once. */
export class Holdings {
  #state: StreamState | undefined;
  #held: readonly Weight[] = [];

  constructor(private readonly account: Pick<CallAccount, 'share' | 'unshare'>) {}

  /** @returns why the stream may not keep that; it is to end then */
  update(state: StreamState): string | undefined {
    if (state === this.#state) return undefined;
    this.#state = state;
    const held = weightsOf(state);
    if (same(held, this.#held)) return undefined;
    for (const { thing, bytes } of held) {
      const refusal = this.account.share(thing, bytes);
      if (refusal !== undefined) return refusal;
    }
    for (const { thing } of this.#held) this.account.unshare(thing);
    this.#held = held;
    return undefined;
  }
}

function same(a: readonly Weight[], b: readonly Weight[]): boolean {
  return a.length === b.length && a.every(({ thing }, index) => thing === b[index]?.thing);
}
