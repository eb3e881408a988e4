import type { Unready } from '../admin/api.js';
import type { SourceStatus } from '../catalogue/source-status.js';

/** A reason without names. */
export function told(reason: string): Unready {
  return { reason, summary: reason };
}

/**
 * Nothing is served before the registries have answered.
 * @param all how many servers of registries there are
 */
export function waitingFor(all: number, unanswered: readonly SourceStatus[]): Unready {
  const missing = unanswered.map(({ registry, server, lastError }) =>
    lastError === undefined ? `${registry} (${server})` : `${registry} (${server}): ${lastError.message}`,
  );
  return {
    reason: `waiting for the first answer of: ${missing.join(', ')}`,
    summary: `waiting for the first answer of ${missing.length} of ${all} registry servers`,
  };
}
