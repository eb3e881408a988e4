import type { RateLimit, RateLimitKey } from '../../../model/route.js';
import { CONSUMER_HEADER } from '../../../resources/consumers/filters.js';
import { textOf } from '../../../text-of.js';
import type { JsonObject } from '../../json-document.js';
import type { Reasons } from '../reasons.js';
import { headerOf } from '../vars.js';
import type { PluginContext } from './table.js';

const COMMON = ['key', 'key_type', 'policy', 'rejected_code', 'rejected_msg', 'allow_degradation'];
const OF_COUNT = new Set([...COMMON, 'count', 'time_window', 'window_type', 'show_limit_quota_header']);
const OF_REQ = new Set([...COMMON, 'rate', 'burst', 'nodelay']);
/** Every combination of headers that may be missing has buckets of its own. */
const MOST_HEADERS = 3;

export function readLimitCount(options: JsonObject, { plan, reasons }: PluginContext): void {
  const at = 'limit-count: ';
  reasons.onlyKnown(withoutStore(options), OF_COUNT, at);
  const { count, time_window: window, show_limit_quota_header: shown = true } = options;
  if (!isWhole(count) || !isWhole(window)) {
    reasons.add(`${at}it needs whole numbers as "count" and "time_window"`);
    return;
  }
  reasons.differs(`${at}the count is made up for evenly over the time window, not all of it at its end`);
  limit(
    { requests: count, per: window * 1_000, ...(shown === true && { headers: true }) },
    options,
    at,
    reasons,
    plan,
  );
}

/** nginx's leaky bucket takes `rate` requests a second, and `burst` more that it holds back for as long as they are early. */
export function readLimitReq(options: JsonObject, { plan, reasons }: PluginContext): void {
  const at = 'limit-req: ';
  reasons.onlyKnown(withoutStore(options), OF_REQ, at);
  const { rate, burst = 0, nodelay = false } = options;
  if (typeof rate !== 'number' || rate <= 0 || typeof burst !== 'number' || burst < 0) {
    reasons.add(`${at}it needs a number above 0 as "rate"`);
    return;
  }
  if (burst > 0 && nodelay !== true)
    reasons.differs(`${at}requests within the burst go on at once: Envoy does not hold them back`);
  if (options.key === undefined) reasons.add(`${at}it has no "key"`);
  // One token for each 1/rate of a second, so that the rate holds over any time.
  const per = Math.max(50, 1_000 / rate);
  const requests = Math.max(1, Math.round((per * rate) / 1_000));
  limit({ requests, per, burst: Math.max(requests, Math.floor(burst) + 1) }, options, at, reasons, plan);
}

function limit(
  rate: RateLimit,
  options: JsonObject,
  at: string,
  reasons: Reasons,
  plan: PluginContext['plan'],
): void {
  const { policy = 'local', rejected_code: status = 503, rejected_msg: message } = options;
  if (policy !== 'local')
    reasons.add(`${at}policy "${textOf(policy)}" is not carried over: Envoy counts by itself`);
  if (message !== undefined)
    reasons.differs(`${at}"rejected_msg" is not sent: Envoy answers "local_rate_limited"`);
  if (typeof status !== 'number' || status < 400)
    reasons.add(`${at}rejected_code ${textOf(status)} is not carried over: Envoy has 400 to 599`);
  if (plan.forward.rate_limit !== undefined) {
    reasons.add(`${at}beside another limit of the route it is not carried over: Envoy has one`);
    return;
  }
  const by = keys(options, plan.everywhere.auth !== undefined, at, reasons);
  plan.addForward({ rate_limit: { ...rate, status: Number(status), ...(by.length > 0 && { by }) } });
}

/**
 * The key that requests are counted by; undefined to count all together.
 * @param withConsumer whether the consumer who asks is known
 */
function keys(
  { key = 'remote_addr', key_type: type = 'var' }: JsonObject,
  withConsumer: boolean,
  at: string,
  reasons: Reasons,
): readonly RateLimitKey[] {
  const text = textOf(key);
  if (type === 'constant') return [];
  const names =
    type === 'var_combination' ? [...text.matchAll(/\$\{?(\w+)\}?/g)].map(([, name = '']) => name) : [text];
  // A text without variables leaves APISIX nothing to count by but the address.
  const found = (names.length === 0 ? ['remote_addr'] : names).map((name) => keyOf(name, withConsumer));
  const unknown = names.find((_, index) => found[index] === undefined);
  if (unknown !== undefined)
    reasons.add(`${at}key "${unknown}" is not carried over: Envoy cannot count by it`);
  const known = found.flatMap((one) => one ?? []);
  if (known.filter(({ header }) => header !== undefined).length > MOST_HEADERS)
    reasons.add(`${at}a key of more than ${MOST_HEADERS} headers is not carried over`);
  if (known.some(({ client_address }) => client_address === true))
    reasons.differs(
      `${at}the address of a client is the one that the listener trusts: see "use_remote_address"`,
    );
  return known;
}

function keyOf(name: string, withConsumer: boolean): RateLimitKey | undefined {
  if (name === 'consumer_name' && withConsumer) return { header: CONSUMER_HEADER };
  if (name === 'remote_addr') return { client_address: true };
  if (name === 'host' || name === 'http_host') return { header: ':authority' };
  if (name === 'request_method') return { header: ':method' };
  return name.startsWith('http_') ? { header: headerOf(name.slice(5)) } : undefined;
}

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= 1_000_000_000;
}

/** Without what belongs to a policy that shares its counts: one reason is enough. */
function withoutStore(options: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(options).filter(([key]) => !/^(redis|sentinel|sync)_/.test(key)));
}
