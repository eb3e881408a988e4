import type { JsonObject } from '../../json-document.js';
import type { Reasons } from '../reasons.js';
import type { References } from '../references.js';
import type { RoutePlan } from '../route-plan.js';
import { readApiBreaker } from './api-breaker.js';
import { readBasicAuth, readJwtAuth, readKeyAuth } from './auth.js';
import { readCors } from './cors.js';
import { readFaultInjection } from './fault-injection.js';
import { readGrpcWeb } from './grpc-web.js';
import { readIpRestriction } from './ip-restriction.js';
import { readLimitCount, readLimitReq } from './limits.js';
import { readProxyMirror } from './proxy-mirror.js';
import { readProxyRewrite } from './proxy-rewrite.js';
import { readRedirect } from './redirect.js';
import { readRequestId } from './request-id.js';
import { readResponseRewrite } from './response-rewrite.js';
import { readTrafficSplit } from './traffic-split.js';

/** The context for reading a plugin. */
export interface PluginContext {
  readonly plan: RoutePlan;
  readonly reasons: Reasons;
  readonly references: References;
  /** The base name of services that the route defines itself. */
  readonly ownName: string;
}

type Plugin = (options: JsonObject, context: PluginContext) => void;

/** The plugins that are carried over, in the order in which APISIX runs them. */
export const PLUGINS: ReadonlyMap<string, Plugin> = new Map<string, Plugin>([
  ['request-id', readRequestId],
  ['fault-injection', readFaultInjection],
  ['cors', readCors],
  ['ip-restriction', readIpRestriction],
  ['basic-auth', readBasicAuth],
  ['jwt-auth', readJwtAuth],
  ['key-auth', readKeyAuth],
  ['proxy-mirror', readProxyMirror],
  ['proxy-rewrite', readProxyRewrite],
  ['api-breaker', readApiBreaker],
  ['limit-count', readLimitCount],
  ['limit-req', readLimitReq],
  ['traffic-split', readTrafficSplit],
  ['redirect', readRedirect],
  ['response-rewrite', readResponseRewrite],
  ['grpc-web', readGrpcWeb],
  // Envoy counts by itself.
  ['prometheus', () => undefined],
]);

/** Plugins that are rejected for a reason other than missing code, with the reason. */
export const NOT_CARRIED: Readonly<Record<string, string>> = {
  'real-ip': 'the listener says it here: "use_remote_address", "xff_num_trusted_hops", "proxy_protocol"',
  gzip: "Envoy's compressor has its types, sizes and levels for a listener, not for a route: see http_filters",
};
