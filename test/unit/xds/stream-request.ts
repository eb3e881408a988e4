import type { NameTable } from '../../../src/xds/name-set.js';
import type { Variant } from '../../../src/xds/response.js';
import type { StreamRequest } from '../../../src/xds/stream-state.js';
import type { Sent } from '../../conformance/wire.js';

/** A request as the state machine takes it. */
export function streamRequest(variant: Variant, sent: Sent, table: NameTable): StreamRequest {
  const common = {
    typeUrl: sent.typeUrl,
    nonce: sent.nonce ?? '',
    error: sent.error === undefined ? undefined : { code: 3, message: sent.error },
  };
  if (variant === 'sotw') {
    const names = table.of(sent.names ?? []);
    return { variant, request: { ...common, names, versionInfo: sent.version ?? '' } };
  }
  const [subscribe, unsubscribe] = [table.of(sent.subscribe ?? []), table.of(sent.unsubscribe ?? [])];
  return { variant, request: { ...common, subscribe, unsubscribe, known: sent.known ?? new Map() } };
}
