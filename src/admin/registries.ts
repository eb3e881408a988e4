import type { SourceStatus } from '../catalogue/source-status.js';

/** What `/registries` shows of one source. */
export function registryView(status: SourceStatus) {
  const { registry, server, state, services, instances, filtered, revision, lastSuccess, lastError } = status;
  return {
    registry,
    server,
    state,
    services,
    instances,
    filtered,
    revision: revision ?? null,
    last_success: lastSuccess === undefined ? null : new Date(lastSuccess).toISOString(),
    last_error: lastError === undefined ? null : { ...lastError, at: new Date(lastError.at).toISOString() },
  };
}
