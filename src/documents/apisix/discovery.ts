import type { ServicePolicy } from '../../config/service-policy.js';
import { textOf } from '../../text-of.js';
import { isObject, type JsonObject } from '../json-document.js';
import type { Reasons } from './reasons.js';

/** Whose service names are the same here. */
const REGISTRIES = new Set(['consul', 'consul_kv', 'eureka', 'nacos', 'zookeeper', 'etcd']);
/** Where Nacos has a service of which nothing else is said. */
const NACOS = { namespace_id: 'public', group_name: 'DEFAULT_GROUP' } as const;

type Part = NonNullable<ServicePolicy['sources']>[number];

/** The part of a registry's service that an upstream is made of. */
export function readDiscovery(given: JsonObject, reasons: Reasons): Part {
  const { service_name: service, discovery_type: discovery, discovery_args: args = {} } = given;
  if (typeof service !== 'string' || service === '') reasons.add('upstream: "service_name" is no text');
  if (typeof discovery !== 'string' || !REGISTRIES.has(discovery))
    reasons.add(`upstream: discovery_type "${textOf(discovery)}" is not carried over`);
  const metadata = isObject(args) ? readArguments(args, reasons) : undefined;
  if (!isObject(args)) reasons.add('upstream: "discovery_args" is no object');
  return { service: textOf(service), ...(metadata !== undefined && { where: { metadata } }) };
}

function readArguments(
  { metadata, ...rest }: JsonObject,
  reasons: Reasons,
): Readonly<Record<string, string>> | undefined {
  for (const [key, value] of Object.entries(rest)) {
    const usual = Object.hasOwn(NACOS, key) ? NACOS[key as keyof typeof NACOS] : undefined;
    if (usual === undefined) reasons.add(`upstream: "discovery_args.${key}" is not carried over`);
    else if (value !== usual)
      reasons.add(
        `upstream: discovery_args.${key} "${textOf(value)}" is not carried over: with "service_template" of the registry the service has a name of its own`,
      );
  }
  if (metadata === undefined) return undefined;
  const entries = isObject(metadata) ? Object.entries(metadata) : [];
  const texts = entries.flatMap(([key, value]) => {
    // A list of one is one value.
    const one = Array.isArray(value) && value.length === 1 ? value[0] : value;
    return ['string', 'number', 'boolean'].includes(typeof one) ? [[key, textOf(one)] as const] : [];
  });
  if (!isObject(metadata) || texts.length !== entries.length)
    reasons.add('upstream: discovery_args.metadata is carried over as one text for each key');
  return Object.fromEntries(texts);
}
