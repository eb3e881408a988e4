import type { RouteAction } from '../../generated/types/envoy/config/route/v3/RouteAction.js';
import type { Retries } from '../../model/route.js';
import { pack } from '../../protobuf/messages.js';
import { protoDuration } from '../durations.js';
import { headerMatcher } from './match.js';

const USUAL = ['5xx', 'reset', 'connect-failure', 'refused-stream'];
/** How often Envoy looks for an instance that was not tried yet; its own 1 finds it half of the time among two. */
const HOST_ATTEMPTS = 5;

/** What a route says of retries in Envoy's terms: its retry policy, and its hedge policy where tries overlap. */
export function envoyRetries(retries: Retries): Pick<RouteAction, 'retry_policy' | 'hedge_policy'> {
  const { per_try_timeout, per_try_idle_timeout, status_codes = [], headers = {}, backoff } = retries;
  const retriable = Object.entries(headers).map(headerMatcher);
  return {
    retry_policy: {
      retry_on: conditions(retries).join(','),
      num_retries: { value: retries.attempts },
      ...(per_try_timeout !== undefined && { per_try_timeout: protoDuration(per_try_timeout) }),
      ...(per_try_idle_timeout !== undefined && {
        per_try_idle_timeout: protoDuration(per_try_idle_timeout),
      }),
      ...(status_codes.length > 0 && { retriable_status_codes: [...status_codes] }),
      ...(retriable.length > 0 && { retriable_headers: retriable }),
      ...(backoff !== undefined && {
        retry_back_off: {
          base_interval: protoDuration(backoff.base),
          ...(backoff.max !== undefined && { max_interval: protoDuration(backoff.max) }),
        },
      }),
      ...(retries.previous_hosts === true && previousHosts(retries.host_attempts)),
    },
    ...(retries.hedge_on_per_try_timeout === true && { hedge_policy: { hedge_on_per_try_timeout: true } }),
  };
}

/** Envoy looks at codes and headers only under a condition of their own. */
function conditions({ on, status_codes, headers }: Retries): readonly string[] {
  const own = [
    ...(status_codes === undefined ? [] : ['retriable-status-codes']),
    ...(headers === undefined ? [] : ['retriable-headers']),
  ];
  return [...new Set([...(on ?? (own.length > 0 ? [] : USUAL)), ...own])];
}

function previousHosts(attempts = HOST_ATTEMPTS) {
  const typed_config = pack('envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate', {});
  return {
    retry_host_predicate: [{ name: 'envoy.retry_host_predicates.previous_hosts', typed_config }],
    host_selection_retry_max_attempts: attempts,
  };
}
