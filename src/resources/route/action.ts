import type { HeaderValueOption } from '../../generated/types/envoy/config/core/v3/HeaderValueOption.js';
import type { RedirectAction } from '../../generated/types/envoy/config/route/v3/RedirectAction.js';
import type { Route } from '../../generated/types/envoy/config/route/v3/Route.js';
import type { RouteAction } from '../../generated/types/envoy/config/route/v3/RouteAction.js';
import type { HeaderEdit, Mirror, Redirect, RouteRule } from '../../model/route.js';
import { protoDuration } from '../durations.js';
import { withEnvoyJson } from '../envoy-json.js';
import { hiddenHeaders } from './auth.js';
import { filterConfigs } from './filter-configs.js';
import { envoyMatch } from './match.js';
import { rateLimitActions } from './rate-limit.js';
import { envoyRetries } from './retries.js';
import { envoyRewrite } from './rewrite.js';
import { hashPolicyOf, metadataMatch } from './subset.js';

/** One route in Envoy's terms. */
export function envoyRoute(rule: RouteRule): Route {
  const route: Route = {
    ...(rule.name !== undefined && { name: rule.name }),
    match: envoyMatch(rule.match),
    ...actionOf(rule),
    ...requestEdits(rule.headers?.request, hiddenHeaders(rule)),
    ...responseEdits(rule.headers?.response),
    ...filterConfigs(rule),
  };
  return withEnvoyJson('envoy.config.route.v3.Route', route, rule.envoy);
}

function actionOf(rule: RouteRule): Pick<Route, 'route' | 'redirect' | 'direct_response'> {
  if (rule.redirect !== undefined) return { redirect: redirectOf(rule.redirect) };
  if (rule.direct_response !== undefined) {
    const { status, body } = rule.direct_response;
    return { direct_response: { status, ...(body !== undefined && { body: { inline_string: body } }) } };
  }
  return { route: routeAction(rule) };
}

function routeAction(rule: RouteRule): RouteAction {
  return {
    ...targetOf(rule),
    ...metadataMatch(rule.subset),
    ...(rule.hash_policy !== undefined && { hash_policy: rule.hash_policy.map(hashPolicyOf) }),
    ...envoyRewrite(rule.match, rule.rewrite),
    ...(rule.timeout !== undefined && { timeout: protoDuration(rule.timeout) }),
    ...(rule.idle_timeout !== undefined && { idle_timeout: protoDuration(rule.idle_timeout) }),
    ...streamDuration(rule),
    ...(rule.retries !== undefined && envoyRetries(rule.retries)),
    ...(rule.rate_limit !== undefined && rateLimitActions(rule.rate_limit)),
    ...(rule.mirror !== undefined && { request_mirror_policies: rule.mirror.map(mirrorOf) }),
    ...(rule.websocket === true && { upgrade_configs: [{ upgrade_type: 'websocket' }] }),
  };
}

function targetOf({ service_name, weighted }: RouteRule): RouteAction {
  if (weighted === undefined) return { cluster: service_name ?? '' };
  return {
    weighted_clusters: {
      clusters: weighted.map(({ service_name: name, weight, subset, host }) => ({
        name,
        weight: { value: weight },
        ...(host !== undefined && { host_rewrite_literal: host }),
        ...metadataMatch(subset),
      })),
    },
  };
}

function mirrorOf({ service_name, percent }: Mirror) {
  return {
    cluster: service_name,
    runtime_fraction: {
      default_value: { numerator: Math.round(percent * 10_000), denominator: 'MILLION' as const },
    },
  };
}

/** With one of these Envoy no longer looks at the route's `timeout`. */
function streamDuration({ max_stream_duration: most, grpc_timeout }: RouteRule): Partial<RouteAction> {
  if (most === undefined && grpc_timeout === undefined) return {};
  return {
    max_stream_duration: {
      ...(most !== undefined && { max_stream_duration: protoDuration(most) }),
      ...(grpc_timeout !== undefined && { grpc_timeout_header_max: protoDuration(grpc_timeout) }),
    },
  };
}

const REDIRECT_CODES: Readonly<Record<number, RedirectAction['response_code']>> = {
  301: 'MOVED_PERMANENTLY',
  302: 'FOUND',
  303: 'SEE_OTHER',
  307: 'TEMPORARY_REDIRECT',
  308: 'PERMANENT_REDIRECT',
};

function redirectOf(redirect: Redirect): RedirectAction {
  const code = REDIRECT_CODES[redirect.status ?? 301];
  return {
    ...(code !== undefined && { response_code: code }),
    ...(redirect.https === true && { https_redirect: true }),
    ...(redirect.scheme !== undefined && { scheme_redirect: redirect.scheme }),
    ...(redirect.host !== undefined && { host_redirect: redirect.host }),
    ...(redirect.port !== undefined && { port_redirect: redirect.port }),
    ...(redirect.path !== undefined && { path_redirect: redirect.path }),
    ...(redirect.prefix !== undefined && { prefix_rewrite: redirect.prefix }),
    ...(redirect.regex !== undefined && {
      regex_rewrite: {
        pattern: { regex: redirect.regex.pattern },
        substitution: redirect.regex.substitution,
      },
    }),
    ...(redirect.strip_query === true && { strip_query: true }),
  };
}

function requestEdits(edit: HeaderEdit | undefined, hidden: readonly string[]): Route {
  const { added, removed } = headerEdits({ ...edit, remove: [...(edit?.remove ?? []), ...hidden] });
  return {
    ...(added.length > 0 && { request_headers_to_add: added }),
    ...(removed.length > 0 && { request_headers_to_remove: removed }),
  };
}

function responseEdits(edit: HeaderEdit | undefined): Route {
  const { added, removed } = headerEdits(edit);
  return {
    ...(added.length > 0 && { response_headers_to_add: added }),
    ...(removed.length > 0 && { response_headers_to_remove: removed }),
  };
}

function headerEdits({ if_absent, set, add, remove = [] }: HeaderEdit = {}): {
  readonly added: HeaderValueOption[];
  readonly removed: string[];
} {
  return {
    added: [
      ...headerValues(if_absent, 'ADD_IF_ABSENT'),
      ...headerValues(set, 'OVERWRITE_IF_EXISTS_OR_ADD'),
      ...headerValues(add, 'APPEND_IF_EXISTS_OR_ADD'),
    ],
    removed: [...remove].sort(),
  };
}

function headerValues(
  values: Readonly<Record<string, string>> | undefined,
  append_action: NonNullable<HeaderValueOption['append_action']>,
): readonly HeaderValueOption[] {
  return Object.entries(values ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => ({ header: { key, value }, append_action, keep_empty_value: true }));
}
