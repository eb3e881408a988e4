import { Recent } from '../base/recent.js';
import type { Snapshot } from '../snapshot/snapshot.js';
import type { DeltaRequest, SotwRequest } from './request.js';
import type { Variant } from './response.js';
import { sameTypeState } from './same-type-state.js';
import type { Step, StreamState } from './stream-state.js';
import { weightsOf } from './weights.js';

/** Enough for the phases that the proxies of one restart are in at a time. */
const REMEMBERED = 8;
/** The most bytes that are kept after all streams have ended. */
const REMEMBERED_BYTES = 32 * 1024 * 1024;

interface Receipt {
  readonly state: StreamState;
  readonly request: SotwRequest | DeltaRequest;
  readonly snapshot: Snapshot;
  readonly after: StreamState;
}

interface Taken {
  readonly state: StreamState;
  readonly variant: Variant;
  readonly snapshot: Snapshot;
  readonly step: Step;
}

/**
 * The last transitions of any stream. Proxies that are in step (the same snapshot, the same subscriptions, the same
 * acknowledged) have one state object among them, and each transition of theirs is worked out once.
 */
export class StepMemory {
  readonly #receipts = new Recent<Receipt>(REMEMBERED, REMEMBERED_BYTES, ({ state, after }) => [
    ...weightsOf(state),
    ...weightsOf(after),
  ]);
  readonly #taken = new Recent<Taken>(REMEMBERED, REMEMBERED_BYTES, ({ state, step }) => [
    ...weightsOf(state),
    ...weightsOf(step.state),
    ...(step.response === undefined ? [] : [{ thing: step.message.body, bytes: step.message.body.length }]),
  ]);
  readonly #states = new Recent<StreamState>(REMEMBERED, REMEMBERED_BYTES, weightsOf);

  /** What came of a request earlier, else what `work` makes of it. */
  received(
    state: StreamState,
    request: SotwRequest | DeltaRequest,
    snapshot: Snapshot,
    work: () => StreamState,
  ): StreamState {
    for (const receipt of this.#receipts.entries) {
      if (receipt.state === state && receipt.request === request && receipt.snapshot === snapshot)
        return receipt.after;
    }
    const after = this.#converged(work());
    this.#receipts.add({ state, request, snapshot, after });
    return after;
  }

  /** The step that was due earlier, else the one that `work` finds. */
  taken(state: StreamState, variant: Variant, snapshot: Snapshot, work: () => Step): Step {
    for (const taken of this.#taken.entries) {
      if (taken.state === state && taken.snapshot === snapshot && taken.variant === variant)
        return taken.step;
    }
    const found = work();
    const step = { ...found, state: this.#converged(found.state) };
    this.#taken.add({ state, variant, snapshot, step });
    return step;
  }

  /** A state that is equal to one of the last ones becomes that one. */
  #converged(state: StreamState): StreamState {
    for (const known of this.#states.entries) if (equal(known, state)) return known;
    this.#states.add(state);
    return state;
  }
}

function equal(a: StreamState, b: StreamState): boolean {
  if (a === b) return true;
  if (!a.warming.equals(b.warming) || a.awaited !== b.awaited || a.keeps !== b.keeps) return false;
  const [types, others] = [a.types.values(), b.types.values()];
  if (types.length !== others.length) return false;
  for (let index = 0; index < types.length; index += 1) {
    const [type, other] = [types[index], others[index]];
    if (type === undefined || other === undefined || !sameTypeState(type, other)) return false;
  }
  return true;
}
