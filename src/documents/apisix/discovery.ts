import type { ServicePolicy } from '../../config/service-policy.js';
import { textOf } from '../../text-of.js';
import { isObject, type JsonObject } from '../json-document.js';
import { withoutNeutral } from './neutral.js';
import type { Reasons } from './reasons.js';

/** Whose service names are the same here. */
const REGISTRIES = new Set(['consul', 'consul_kv', 'eureka', 'nacos', 'zookeeper', 'etcd']);
/** Where Nacos has a service of which nothing else is said. */
const NACOS = { namespace_id: 'public', group_name: 'DEFAULT_GROUP' } as const;

type Part = NonNullable<ServicePolicy['sources']>[number];
type Where = NonNullable<Part['where']>;

/** Each combination of the values that metadata may have is a part of its own. */
const MOST_PARTS = 64;

/** The parts of a registry's service that an upstream is made of. */
export function readDiscovery(given: JsonObject, reasons: Reasons): readonly Part[] {
  const { service_name: service, discovery_type: discovery, discovery_args: args = {} } = given;
  if (typeof service !== 'string' || service === '') reasons.add('upstream: "service_name" is no text');
  if (typeof discovery !== 'string' || !REGISTRIES.has(discovery))
    reasons.add(`upstream: discovery_type "${textOf(discovery)}" is not carried over`);
  if (!isObject(args)) reasons.add('upstream: "discovery_args" is no object');
  const wheres = isObject(args) ? readArguments(args, textOf(discovery), reasons) : [{}];
  return wheres.map((where) => ({
    service: textOf(service),
    ...(Object.keys(where).length > 0 && { where }),
  }));
}

function readArguments(args: JsonObject, discovery: string, reasons: Reasons): readonly Where[] {
  const { metadata, metadata_match: match, namespace_id, group_name, ...rest } = withoutNeutral(args, NACOS);
  for (const key of Object.keys(rest)) reasons.add(`upstream: "discovery_args.${key}" is not carried over`);
  const scope = { namespace_id, group_name };
  for (const [key, value] of Object.entries(scope)) {
    if (value === undefined) continue;
    if (discovery !== 'nacos') reasons.add(`upstream: "discovery_args.${key}" is for nacos`);
    else if (typeof value !== 'string') reasons.add(`upstream: discovery_args.${key} is no text`);
  }
  const scoped = namespace_id !== undefined || group_name !== undefined;
  const [namespace, group] = [
    textOf(namespace_id ?? NACOS.namespace_id),
    textOf(group_name ?? NACOS.group_name),
  ];
  if (scoped)
    reasons.differs(
      `upstream: its service is found where "namespace" of the registry lists "${namespace}" and "group" lists "${group}"`,
    );
  const wanted = [
    readMetadata(metadata, 'metadata', reasons),
    readMetadata(match, 'metadata_match', reasons),
  ];
  return combinations(wanted.flat(), reasons).map((texts) => ({
    ...(scoped && { namespace, group }),
    ...(Object.keys(texts).length > 0 && { metadata: texts }),
  }));
}

/** The keys that instances must have, each with the values of which one is enough. */
function readMetadata(
  given: unknown,
  name: string,
  reasons: Reasons,
): readonly (readonly [key: string, values: readonly string[]])[] {
  if (given === undefined) return [];
  const entries = isObject(given) ? Object.entries(given) : [];
  const read = entries.map(([key, value]) => {
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    return [key, values.filter(isScalar).map(textOf), values.length] as const;
  });
  if (!isObject(given) || read.some(([, texts, count]) => texts.length !== count || count === 0))
    reasons.add(`upstream: discovery_args.${name} is no object of texts or lists of texts`);
  return read.map(([key, texts]) => [key, [...new Set(texts)]]);
}

function combinations(
  wanted: readonly (readonly [string, readonly string[]])[],
  reasons: Reasons,
): readonly Readonly<Record<string, string>>[] {
  const count = wanted.reduce((product, [, values]) => product * values.length, 1);
  if (count > MOST_PARTS) {
    reasons.add(`upstream: its metadata comes to more than ${MOST_PARTS} combinations of values`);
    return [{}];
  }
  return wanted.reduce<readonly Readonly<Record<string, string>>[]>(
    (made, [key, values]) =>
      made.flatMap((texts) =>
        values
          .filter((value) => !Object.hasOwn(texts, key) || texts[key] === value)
          .map((value) => ({ ...texts, [key]: value })),
      ),
    [{}],
  );
}

function isScalar(value: unknown): boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}
