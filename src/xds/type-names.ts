import { TYPE_URL } from '../snapshot/type-url.js';

const SHORT: ReadonlyMap<string, string> = new Map([
  [TYPE_URL.cluster, 'CDS'],
  [TYPE_URL.endpoints, 'EDS'],
  [TYPE_URL.listener, 'LDS'],
  [TYPE_URL.route, 'RDS'],
  [TYPE_URL.secret, 'SDS'],
  [TYPE_URL.runtime, 'RTDS'],
  [TYPE_URL.scopedRoute, 'SRDS'],
  [TYPE_URL.virtualHost, 'VHDS'],
  [TYPE_URL.extensionConfig, 'ECDS'],
]);

/** What people call the discovery of a type; the type URL itself where it has no name of its own. */
export function discoveryName(typeUrl: string): string {
  return SHORT.get(typeUrl) ?? typeUrl;
}
