import type { RouteRule } from '../../model/route.js';
import type { Reasons } from './reasons.js';
import type { RoutePlan, Share } from './route-plan.js';
import type { Times } from './times.js';
import type { Upstream } from './upstream.js';

/** Where nothing of the request can have been done yet. */
const RETRY_ON = ['connect-failure', 'refused-stream', 'reset-before-request'];

type Forward = Omit<RouteRule, 'match'>;

/** A rule that sends requests on to an upstream. */
export function forwardRule(
  { service, host: own, retries, hashing }: Upstream,
  plan: RoutePlan,
  times: Times,
  websocket: boolean,
): Forward {
  const { rewrite, headers, ...forward } = plan.forward;
  const { headers: answered, ...everywhere } = plan.everywhere;
  const host = own ?? rewrite?.host;
  const edits = { ...answered, ...headers };
  return {
    service_name: service,
    ...((rewrite !== undefined || host !== undefined) && {
      rewrite: { ...rewrite, ...(host !== undefined && { host }) },
    }),
    ...(Object.keys(edits).length > 0 && { headers: edits }),
    // nginx knows no time for a whole answer, only one in which nothing moves.
    timeout: 0,
    idle_timeout: times.idle,
    ...(retries > 0 && { retries: { attempts: retries, on: RETRY_ON } }),
    ...(hashing !== undefined && hashing.length > 0 && { hash_policy: hashing }),
    ...everywhere,
    ...forward,
    ...(websocket && { websocket }),
  };
}

/**
 * A rule that sends shares of requests to several upstreams.
 * @param rest the upstream of the shares that name none
 */
export function shareRule(
  shares: readonly Share[],
  rest: Upstream | undefined,
  forward: (to: Upstream) => Forward,
  reasons: Reasons,
): Forward | undefined {
  const parts = shares.flatMap(({ upstream = rest, weight }) =>
    upstream === undefined ? [] : [{ upstream, weight }],
  );
  if (parts.length < shares.length)
    reasons.add('traffic-split: a share goes to the upstream of the route, which has none');
  const [first, ...others] = parts.filter(({ weight }) => weight > 0);
  if (first === undefined) return undefined;
  const rule = forward(first.upstream);
  if (others.length === 0) return rule;
  const { service_name: _, rewrite, ...common } = rule;
  const { host, ...kept } = rewrite ?? {};
  const differ = others.some(
    ({ upstream }) =>
      JSON.stringify({ ...forward(upstream), service_name: '', rewrite: '' }) !==
      JSON.stringify({ ...rule, service_name: '', rewrite: '' }),
  );
  if (differ)
    reasons.differs(
      'traffic-split: "retries", "timeout" and the hash of the first upstream count for all of them',
    );
  return {
    ...common,
    ...(Object.keys(kept).length > 0 && { rewrite: kept }),
    weighted: [first, ...others].map(({ upstream, weight }) => {
      const own = forward(upstream).rewrite?.host;
      return { service_name: upstream.service, weight, ...(own !== undefined && { host: own }) };
    }),
  };
}
