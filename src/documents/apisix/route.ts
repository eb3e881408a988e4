import type { RouteMatch, RouteRule } from '../../model/route.js';
import { refusalOf } from '../../resources/route/refusal.js';
import { textOf } from '../../text-of.js';
import { namesProblem } from '../document-bounds.js';
import { isObject, type JsonObject } from '../json-document.js';
import { type Conditions, eachWithEach } from './conditions.js';
import { forwardRule, shareRule } from './forward.js';
import { readHosts } from './hosts.js';
import { withoutNeutral } from './neutral.js';
import { httpsRules } from './plugins/redirect.js';
import { NOT_CARRIED, PLUGINS } from './plugins/table.js';
import { activePlugins } from './plugins.js';
import type { Reasons } from './reasons.js';
import type { References } from './references.js';
import { RoutePlan, together } from './route-plan.js';
import type { ServiceDocument } from './service.js';
import { DEFAULT_TIMES, readTimes } from './times.js';
import type { Upstream } from './upstream.js';
import { readUpstream } from './upstream.js';
import { readUris } from './uris.js';
import { readVars } from './vars.js';

const ABOUT_IT = ['id', 'name', 'desc', 'labels', 'create_time', 'update_time', 'status'];
const KNOWN = new Set([
  ...ABOUT_IT,
  ...['uri', 'uris', 'host', 'hosts', 'methods', 'priority', 'plugins', 'enable_websocket', 'vars'],
  ...['upstream', 'upstream_id', 'service_id', 'plugin_config_id', 'timeout'],
]);
const DEFAULTS = { priority: 0, enable_websocket: false };
/** Keys whose readers remove neutral values themselves. */
const KEPT = new Set(['plugins', 'upstream', 'labels', 'vars']);
const ADDRESS = 'Envoy\'s routes do not look at the client\'s address, the plugin "ip-restriction" does';
/** Rules that one document comes to: its paths, each with every alternative of its conditions. */
const MOST_RULES = 2_000;

export interface MappedRoute {
  readonly rules: readonly RouteRule[];
  /** The upstreams that stand in the route itself. */
  readonly own: readonly Upstream[];
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
  document: JsonObject,
  ownName: string,
  references: References,
  reasons: Reasons,
): MappedRoute {
  const { vars: written, remote_addr, remote_addrs, ...route } = withoutNeutral(document, DEFAULTS, KEPT);
  if (remote_addr !== undefined || remote_addrs !== undefined)
    reasons.add(`"remote_addrs" is not carried over: ${ADDRESS}`);
  reasons.onlyKnown(route, KNOWN);
  const service = route.service_id === undefined ? undefined : references.service(textOf(route.service_id));
  const plan = new RoutePlan();
  readPlugins(pluginsOf(route, service, references, reasons), { plan, reasons, references, ownName });
  const own = route.upstream === undefined ? undefined : readUpstream(route.upstream, ownName, reasons);
  const upstream = upstreamOf(route, own, service, references);
  const times = route.timeout === undefined ? undefined : readTimes(route.timeout, reasons);
  const websocket = (route.enable_websocket ?? service?.websocket) === true;
  const hosts = readHosts(route, reasons) ?? service?.hosts;
  const methods = readMethods(route.methods, reasons);
  const base = {
    ...(hosts !== undefined && { hosts }),
    ...readPriority(route.priority, reasons),
  };
  const vars = readVars(
    Array.isArray(written) && written.length === 0 ? undefined : written,
    'vars',
    reasons,
  );
  const forward = (to: Upstream) => forwardRule(to, plan, times ?? to.times ?? DEFAULT_TIMES, websocket);
  const steps = stepsOf(plan, upstream, forward, reasons);

  const rules = readUris(route, reasons).flatMap((path): readonly RouteRule[] => {
    const match: RouteMatch = { ...path, ...(methods !== undefined && { methods }) };
    const list = steps.flatMap(({ when, rule }) =>
      eachWithEach(vars, when, reasons).map(
        (conditions): RouteRule => ({
          ...base,
          match: withConditions(match, conditions),
          ...rule,
        }),
      ),
    );
    return inOrderOf(
      plan.toHttps
        ? [
            ...vars.flatMap((conditions) =>
              httpsRules({
                ...base,
                match: withConditions(match, conditions),
                ...(plan.everywhere.auth !== undefined && { auth: plan.everywhere.auth }),
              }),
            ),
            ...list,
          ]
        : list,
    );
  });
  if (rules.length > MOST_RULES)
    reasons.add(`it comes to ${rules.length} routes, and ${MOST_RULES} is the most`);
  for (const rule of rules.slice(0, MOST_RULES)) {
    const reason = namesProblem(rule) ?? refusalOf(rule);
    if (reason !== undefined) reasons.add(reason);
  }
  return { rules, own: [...(own === undefined ? [] : [own]), ...plan.own] };
}

interface Step {
  readonly when: readonly Conditions[];
  readonly rule: Omit<RouteRule, 'match'>;
}

/** The steps for a request. The first match wins; steps behind an unconditional one are dropped. */
function stepsOf(
  plan: RoutePlan,
  upstream: Upstream | undefined,
  forward: (to: Upstream) => Omit<RouteRule, 'match'>,
  reasons: Reasons,
): readonly Step[] {
  const { headers } = plan.everywhere;
  const answers = plan.answers.map(({ when, rule }) => ({
    when,
    rule: {
      ...plan.everywhere,
      ...rule,
      ...(headers?.response !== undefined &&
        rule.headers?.response !== undefined && {
          headers: { response: together(rule.headers.response, headers.response) },
        }),
    },
  }));
  const all = answers.findIndex(({ when }) => when.some(isAlways));
  if (all >= 0) return answers.slice(0, all + 1);
  if (upstream === undefined && plan.splits.length === 0) {
    if (!plan.toHttps) reasons.add('it has no upstream');
    return answers;
  }
  const splits = plan.splits.flatMap(({ when, shares }) => {
    const rule = shareRule(shares, upstream, forward, reasons);
    return rule === undefined ? [] : [{ when, rule }];
  });
  if (upstream === undefined) {
    if (!splits.some(({ when }) => when.some(isAlways))) reasons.add('it has no upstream');
    return [...answers, ...splits];
  }
  return [...answers, ...splits, { when: [{ headers: {}, query: {} }], rule: forward(upstream) }];
}

function isAlways({ headers, query }: Conditions): boolean {
  return Object.keys(headers).length + Object.keys(query).length === 0;
}

function withConditions(match: RouteMatch, { headers, query }: Conditions): RouteMatch {
  return {
    ...match,
    ...(Object.keys(headers).length > 0 && { headers }),
    ...(Object.keys(query).length > 0 && { query }),
  };
}

/** Keeps the rules of one path in this order, ahead of routes with fewer conditions. */
function inOrderOf(rules: readonly RouteRule[]): readonly RouteRule[] {
  if (rules.length < 2) return rules;
  const { methods, headers = {}, query = {} } = rules.at(-1)?.match ?? {};
  const least = (methods === undefined ? 0 : 1) + Object.keys(headers).length + Object.keys(query).length;
  return rules.map((rule, index) => ({ ...rule, asks: least + rules.length - 1 - index }));
}

/** The route's own over those of its plugin config, over those of its service; and those of all routes. */
function pluginsOf(
  route: JsonObject,
  service: ServiceDocument | undefined,
  references: References,
  reasons: Reasons,
): ReadonlyMap<string, JsonObject> {
  const config =
    route.plugin_config_id === undefined
      ? undefined
      : references.pluginConfig(textOf(route.plugin_config_id));
  const written = [service?.plugins, config].filter(isObject);
  const own = route.plugins ?? {};
  const merged = isObject(own) ? Object.assign({}, ...written, own) : own;
  const plugins = new Map(activePlugins(merged, reasons));
  for (const rule of references.globalRules())
    for (const [name, options] of activePlugins(rule, reasons)) {
      if (plugins.has(name) && name !== 'prometheus')
        reasons.add(
          `plugin "${name}" of a global rule beside the route's own is not carried over: Envoy runs each once`,
        );
      plugins.set(name, options);
    }
  return plugins;
}

function readPlugins(
  plugins: ReadonlyMap<string, JsonObject>,
  context: Parameters<NonNullable<ReturnType<typeof PLUGINS.get>>>[1],
): void {
  for (const name of plugins.keys())
    if (!PLUGINS.has(name)) {
      const why = Object.hasOwn(NOT_CARRIED, name) ? `: ${NOT_CARRIED[name]}` : '';
      context.reasons.add(`plugin "${name}" is not carried over${why}`);
    }
  for (const [name, read] of PLUGINS) {
    const options = plugins.get(name);
    if (options !== undefined) read(options, context);
  }
  // Without such a plugin the header would be the client's.
  if (context.plan.everywhere.auth === undefined && /\$\{?consumer_name\b/.test(JSON.stringify([...plugins])))
    context.reasons.add(
      'the variable "$consumer_name" is carried over only on routes with an authentication plugin',
    );
}

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
