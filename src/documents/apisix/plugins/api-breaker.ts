import type { JsonObject } from '../../json-document.js';
import type { PluginContext } from './table.js';

const AT = 'api-breaker: ';

/** Envoy leaves instances out of a service, where APISIX stops a route; it answers in no other way than by its 503. */
export function readApiBreaker(_options: JsonObject, { reasons }: PluginContext): void {
  reasons.add(
    `${AT}it is not carried over: Envoy leaves out the instances that fail, and goes on answering. Say "outlier_detection" of the service`,
  );
}
