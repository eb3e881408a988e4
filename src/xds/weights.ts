import type { Weight } from '../base/recent.js';
import type { NameSet } from './name-set.js';
import type { StreamState } from './stream-state.js';

/** Lighter things are not weighed one by one, bytes: there is a bounded number of them. */
const LIGHT = 4 * 1024;

/** The parts of a stream's state: sets of names and unacknowledged responses. */
export function weightsOf({ types, warming, awaited }: StreamState): readonly Weight[] {
  const weights: Weight[] = [];
  for (const { subscription, owed, doubtful, listed, outstanding } of types.values()) {
    addSet(weights, subscription.names);
    if (owed !== subscription.names) addSet(weights, owed);
    if (listed !== subscription.names) addSet(weights, listed);
    addSet(weights, doubtful);
    for (const { response } of outstanding)
      if (response.weight > LIGHT) weights.push({ thing: response, bytes: response.weight });
  }
  addSet(weights, awaited);
  for (const names of warming.sets()) addSet(weights, names);
  return weights;
}

function addSet(weights: Weight[], names: NameSet): void {
  if (names.size > 0 && names.weight > LIGHT) weights.push({ thing: names, bytes: names.weight });
}
