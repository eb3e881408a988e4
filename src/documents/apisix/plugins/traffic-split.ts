import { textOf } from '../../../text-of.js';
import { isObject, type JsonObject } from '../../json-document.js';
import { ALWAYS, type Conditions } from '../conditions.js';
import type { Reasons } from '../reasons.js';
import type { Share } from '../route-plan.js';
import { readUpstream } from '../upstream.js';
import { readVars } from '../vars.js';
import type { PluginContext } from './table.js';

const AT = 'traffic-split: ';

export function readTrafficSplit(options: JsonObject, context: PluginContext): void {
  const { plan, reasons } = context;
  reasons.onlyKnown(options, new Set(['rules']), AT);
  const rules: readonly unknown[] = Array.isArray(options.rules) ? options.rules : [];
  for (const [index, rule] of rules.entries()) {
    if (!isObject(rule)) {
      reasons.add(`${AT}a rule is no object`);
      continue;
    }
    reasons.onlyKnown(rule, new Set(['match', 'weighted_upstreams']), AT);
    const given: readonly unknown[] = Array.isArray(rule.weighted_upstreams) ? rule.weighted_upstreams : [{}];
    const shares = given.flatMap((one, place) => readShare(one, `${index}-${place}`, context) ?? []);
    if (!shares.some(({ weight }) => weight > 0)) reasons.add(`${AT}no upstream has a weight above 0`);
    plan.splits.push({ when: readMatch(rule.match, reasons), shares });
  }
}

/** Each `vars` of the list is enough. */
function readMatch(match: unknown, reasons: Reasons): readonly Conditions[] {
  if (match === undefined || (Array.isArray(match) && match.length === 0)) return [ALWAYS];
  const list: readonly unknown[] = Array.isArray(match) ? match : [match];
  return list.flatMap((one) => readVars(isObject(one) ? one.vars : undefined, `${AT}vars`, reasons));
}

function readShare(
  given: unknown,
  place: string,
  { plan, reasons, references, ownName }: PluginContext,
): Share | undefined {
  if (!isObject(given)) {
    reasons.add(`${AT}a weighted upstream is no object`);
    return undefined;
  }
  reasons.onlyKnown(given, new Set(['upstream_id', 'upstream', 'weight']), AT);
  const { upstream_id: id, upstream, weight = 1 } = given;
  if (typeof weight !== 'number' || !Number.isInteger(weight) || weight < 0) {
    reasons.add(`${AT}weight ${textOf(weight)} is no whole number`);
    return undefined;
  }
  if (id !== undefined) return { upstream: references.upstream(textOf(id)), weight };
  if (upstream === undefined) return { upstream: undefined, weight };
  const read = readUpstream(upstream, `${ownName}/split-${place}`, reasons);
  if (read !== undefined) plan.own.push(read);
  return { upstream: read, weight };
}
