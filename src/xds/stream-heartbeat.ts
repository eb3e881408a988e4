import type { Snapshot } from '../snapshot/snapshot.js';
import { TYPE_URL } from '../snapshot/type-url.js';
import { nextSerial, nonceOf } from './nonce.js';
import { hostsOf, isOnDemand } from './on-demand.js';
import type { Variant } from './response.js';
import type { Shared, Step, StreamState } from './stream-state.js';
import { carriesTtl } from './ttl.js';
import { currentVersion } from './type-state.js';

/** The shortest TTL among what the stream was sent, milliseconds; undefined where nothing expires. */
export function leastTtl(state: StreamState, variant: Variant): number | undefined {
  let least: number | undefined;
  for (const { typeUrl, held } of state.types.values()) {
    const ttl = held.leastTtl;
    if (ttl !== undefined && carriesTtl(variant, typeUrl)) least = Math.min(ttl, least ?? ttl);
  }
  return least;
}

/** The heartbeat of a type, if it has resources that would expire without one. */
export function beat(
  state: StreamState,
  variant: Variant,
  typeUrl: string,
  snapshot: Snapshot,
  { responses }: Shared,
): Step {
  const type = state.types.get(typeUrl);
  if (type === undefined) return { state };
  const { subscription, held, rejected, acknowledged } = type;
  const version = currentVersion(type);
  const hosts = isOnDemand(variant, typeUrl)
    ? hostsOf(held, held, snapshot, state.types.get(TYPE_URL.route)?.subscription).after
    : undefined;
  const request = { typeUrl, subscription, held, version, rejected, acknowledged, hosts };
  const made = responses.heartbeat(variant, request);
  if (made === undefined) return { state };
  const { response, body } = made;
  const serial = nextSerial(typeUrl, held, type.serial);
  const nonce = nonceOf(serial);
  // What is outstanding stays so: a heartbeat says nothing that could be accepted or rejected.
  return {
    state: { ...state, types: state.types.with({ ...type, serial, nonce }) },
    response,
    message: { body, nonce },
  };
}
