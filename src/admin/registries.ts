import type { SourceStatus } from '../catalogue/source-status.js';

/** What `/registries` shows of one source. */
export function registryView(status: SourceStatus) {
  const { registry, server, state, services, instances, filtered, revision, lastSuccess, lastError, held } =
    status;
  return {
    registry,
    server,
    state,
    services,
    instances,
    filtered,
    revision: revision ?? null,
    last_success: lastSuccess === undefined ? null : new Date(lastSuccess).toISOString(),
    held:
      held === undefined
        ? null
        : {
            services: held.services,
            instances: held.instances,
            since: new Date(held.since).toISOString(),
            until: new Date(held.until).toISOString(),
          },
    last_error: lastError === undefined ? null : { ...lastError, at: new Date(lastError.at).toISOString() },
  };
}
