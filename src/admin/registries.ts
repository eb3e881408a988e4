import type { FailingServices } from '../catalogue/service-failures.js';
import type { SourceStatus } from '../catalogue/source-status.js';

/** What `/registries` shows of one source. */
export function registryView(status: SourceStatus) {
  const { registry, server, state, services, instances, filtered, revision } = status;
  const { lastSuccess, lastError, held, failingServices } = status;
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
    failing_services: failingServices.count === 0 ? null : failingView(failingServices),
    last_error: lastError === undefined ? null : { ...lastError, at: new Date(lastError.at).toISOString() },
  };
}

function failingView({ count, first }: FailingServices) {
  return {
    count,
    first: first.map(({ key, code, message, since }) => ({
      ...key,
      code,
      message,
      since: new Date(since).toISOString(),
    })),
  };
}
