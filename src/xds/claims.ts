import type { StreamRequest } from './stream-state.js';

/** A first request without what its client says that it has: everything it asks for is sent, and what is gone is said. */
export function withoutClaims(request: StreamRequest): StreamRequest {
  if (request.variant === 'sotw') return { ...request, request: { ...request.request, versionInfo: '' } };
  const { known } = request.request;
  // No resource has this version. The names stay: those that are gone have to be taken back.
  const doubtful = new Map([...known.keys()].map((name) => [name, '']));
  return { ...request, request: { ...request.request, known: doubtful } };
}
