import type { ResourceSet } from '../snapshot/resource-set.js';
import { Piece, type Steps } from '../snapshot/steps.js';
import { carriesFullState } from './response.js';
import type { StreamRequest } from './stream-state.js';
import type { TypeState } from './type-state.js';

/** Removes the client's claims from a first request, so that all resources are sent and removals are reported. */
export function withoutClaims(request: StreamRequest): StreamRequest {
  if (request.variant === 'sotw') return { ...request, request: { ...request.request, versionInfo: '' } };
  const { known } = request.request;
  // No resource has this version. The names stay, because removed resources must be reported.
  const doubtful = new Map([...known.keys()].map((name) => [name, '']));
  return { ...request, request: { ...request.request, known: doubtful } };
}

/**
 * Whether the answer to a first request tells the proxy that something is gone which it says it has.
 * @param type the state after the request
 * @param set what the proxy is to have of this type
 */
export function* losesClaimed(
  { variant, request }: StreamRequest,
  { typeUrl, subscription, acknowledgedVersion, owed }: TypeState,
  set: ResourceSet,
): Steps<boolean> {
  // A version that is not the server's does not say what the proxy has.
  if (variant === 'sotw')
    return (
      request.versionInfo !== '' && acknowledgedVersion === '' && carriesFullState(typeUrl, subscription)
    );
  const piece = new Piece();
  for (const name of owed) {
    if (piece.endsWith(name)) yield;
    if (set.get(name) === undefined && request.known.has(name)) return true;
  }
  return false;
}
