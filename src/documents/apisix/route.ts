import type { RouteMatch, RouteRule } from '../../model/route.js';
import { refusalOf } from '../../resources/route/refusal.js';
import { textOf } from '../../text-of.js';
import { namesProblem } from '../document-bounds.js';
import { isObject, type JsonObject } from '../json-document.js';
import { readHosts } from './hosts.js';
import { activePlugins } from './plugins.js';
import { readProxyRewrite } from './proxy-rewrite.js';
import type { Reasons } from './reasons.js';
import { httpsRules, readRedirect } from './redirect.js';
import type { ServiceDocument } from './service.js';
import { DEFAULT_TIMES, readTimes } from './times.js';
import type { Upstream } from './upstream.js';
import { readUpstream } from './upstream.js';
import { readUris } from './uris.js';

const ABOUT_IT = ['id', 'name', 'desc', 'labels', 'create_time', 'update_time', 'status'];
const KNOWN = new Set([
  ...ABOUT_IT,
  ...['uri', 'uris', 'host', 'hosts', 'methods', 'priority', 'plugins', 'enable_websocket'],
  ...['upstream', 'upstream_id', 'service_id', 'timeout'],
]);
const PLUGINS = new Set(['proxy-rewrite', 'redirect']);

/** What a route refers to, as it stands; undefined where there is no such document, or no good one: then a reason is given. */
export interface References {
  upstream(id: string): Upstream | undefined;
  service(id: string): ServiceDocument | undefined;
}

export interface MappedRoute {
  readonly rules: readonly RouteRule[];
  /** The upstream that stands in the route itself. */
  readonly own: Upstream | undefined;
}

/** Whether a route says of itself that it is not to be in force. */
export function isDisabled(route: JsonObject): boolean {
  return route.status === 0;
}

/**
 * What a route of APISIX means here. Whatever cannot be said is a reason, never left out.
 * @param ownName the service that nodes in the route itself become
 */
export function mapRoute(
  route: JsonObject,
  ownName: string,
  references: References,
  reasons: Reasons,
): MappedRoute {
  reasons.onlyKnown(route, KNOWN);
  const service = route.service_id === undefined ? undefined : references.service(textOf(route.service_id));
  const plugins = activePlugins(mergedPlugins(service?.plugins, route.plugins), reasons);
  for (const name of plugins.keys())
    if (!PLUGINS.has(name)) reasons.add(`plugin "${name}" is not carried over`);
  const redirectOptions = plugins.get('redirect');
  const redirect = redirectOptions && readRedirect(redirectOptions, reasons);
  const rewriteOptions = plugins.get('proxy-rewrite');
  const rewrite = rewriteOptions && readProxyRewrite(rewriteOptions, reasons);
  const own = route.upstream === undefined ? undefined : readUpstream(route.upstream, ownName, reasons);
  const upstream = upstreamOf(route, own, service, references);
  const hosts = readHosts(route, reasons) ?? service?.hosts;
  const common = {
    ...(hosts !== undefined && { hosts }),
    ...readPriority(route.priority, reasons),
  };
  const methods = readMethods(route.methods, reasons);
  const times =
    route.timeout === undefined ? (upstream?.times ?? DEFAULT_TIMES) : readTimes(route.timeout, reasons);
  const host = upstream?.host ?? rewrite?.rewrite.host;
  const websocket = route.enable_websocket ?? service?.websocket;
  if (upstream === undefined && redirect === undefined) reasons.add('it has no upstream');

  const rules = readUris(route, reasons).flatMap((path): readonly RouteRule[] => {
    const match: RouteMatch = { ...path, ...(methods !== undefined && { methods }) };
    const base = { ...common, match };
    if (redirect?.is === 'elsewhere') return [{ ...base, redirect: redirect.redirect }];
    const first = redirect?.is === 'to_https' ? httpsRules(base) : [];
    if (upstream === undefined) return first;
    const forward: RouteRule = {
      ...base,
      service_name: upstream.service,
      ...(rewrite !== undefined && { rewrite: { ...rewrite.rewrite, ...(host !== undefined && { host }) } }),
      ...(rewrite === undefined && host !== undefined && { rewrite: { host } }),
      ...(rewrite?.headers !== undefined && { headers: { request: rewrite.headers } }),
      // nginx knows no time for a whole answer, only one in which nothing moves.
      timeout: 0,
      idle_timeout: times.idle,
      ...(upstream.retries > 0 && { retries: { attempts: upstream.retries, on: RETRY_ON } }),
      ...(websocket === true && { websocket }),
    };
    return [...first, forward];
  });
  for (const rule of rules) {
    const reason = namesProblem(rule) ?? refusalOf(rule);
    if (reason !== undefined) reasons.add(reason);
  }
  return { rules, own };
}

/** Where nothing of the request can have been done yet. */
const RETRY_ON = ['connect-failure', 'refused-stream', 'reset-before-request'];

function upstreamOf(
  route: JsonObject,
  own: Upstream | undefined,
  service: ServiceDocument | undefined,
  references: References,
): Upstream | undefined {
  if (route.upstream_id !== undefined) return references.upstream(textOf(route.upstream_id));
  if (route.upstream !== undefined) return own;
  if (service?.upstreamId !== undefined) return references.upstream(service.upstreamId);
  return service?.upstream;
}

function mergedPlugins(ofService: unknown, ofRoute: unknown): unknown {
  return isObject(ofService) && (ofRoute === undefined || isObject(ofRoute))
    ? { ...ofService, ...ofRoute }
    : (ofRoute ?? ofService);
}

function readMethods(methods: unknown, reasons: Reasons): readonly string[] | undefined {
  if (methods === undefined) return undefined;
  const fine = (method: unknown) => typeof method === 'string' && /^[A-Za-z]+$/.test(method);
  if (Array.isArray(methods) && methods.every(fine)) {
    return methods.length === 0 ? undefined : methods.map((method) => textOf(method).toUpperCase());
  }
  reasons.add('"methods" is no list of methods');
  return undefined;
}

/** In APISIX it decides among routes of one path, never between a longer path and a shorter one. */
function readPriority(priority: unknown, reasons: Reasons): Pick<RouteRule, 'path_priority'> {
  if (priority === undefined || priority === 0) return {};
  if (typeof priority === 'number' && Number.isInteger(priority)) return { path_priority: priority };
  reasons.add('"priority" is no whole number');
  return {};
}
