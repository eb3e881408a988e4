import { textOf } from '../../text-of.js';
import type { JsonObject } from '../json-document.js';
import { readHosts } from './hosts.js';
import { withoutNeutral } from './neutral.js';
import type { Reasons } from './reasons.js';
import { readUpstream, type Upstream } from './upstream.js';

/** What routes that name a service of APISIX take over from it. */
export interface ServiceDocument {
  readonly upstream: Upstream | undefined;
  readonly upstreamId: string | undefined;
  /** Judged with those of the route, which come before them. */
  readonly plugins: unknown;
  readonly hosts: readonly string[] | undefined;
  readonly websocket: unknown;
}

const KNOWN = new Set([
  ...['id', 'name', 'desc', 'labels', 'create_time', 'update_time'],
  ...['upstream', 'upstream_id', 'plugins', 'hosts', 'enable_websocket'],
]);

const KEPT = new Set(['plugins', 'upstream', 'labels']);

export function readService(document: JsonObject, ownName: string, reasons: Reasons): ServiceDocument {
  const given = withoutNeutral(document, { enable_websocket: false }, KEPT);
  reasons.onlyKnown(given, KNOWN);
  return {
    upstream: given.upstream === undefined ? undefined : readUpstream(given.upstream, ownName, reasons),
    upstreamId: given.upstream_id === undefined ? undefined : textOf(given.upstream_id),
    plugins: given.plugins,
    hosts: readHosts({ hosts: given.hosts }, reasons),
    websocket: given.enable_websocket,
  };
}
