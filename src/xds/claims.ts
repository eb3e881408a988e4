import type { StreamRequest } from './stream-state.js';

/** Removes the client's claims from a first request, so that all resources are sent and removals are reported. */
export function withoutClaims(request: StreamRequest): StreamRequest {
  if (request.variant === 'sotw') return { ...request, request: { ...request.request, versionInfo: '' } };
  const { known } = request.request;
  // No resource has this version. The names stay, because removed resources must be reported.
  const doubtful = new Map([...known.keys()].map((name) => [name, '']));
  return { ...request, request: { ...request.request, known: doubtful } };
}
