import type { FilterReason, Instance, Locality } from '../../model/instance.js';
import { badValue, mapEntry, placeOf, type ReadInstance } from '../../model/read-entry.js';
import { checkInstance } from '../../model/read-instance.js';
import { readSpokenProtocol } from '../../model/spoken-protocol.js';
import { statedPort } from '../../model/stated-port.js';
import { textOf } from '../../text-of.js';
import { isObject, type JsonObject } from './catalog-answer.js';
import type { ConsulOptions } from './options.js';

export type InstanceRules = Pick<ConsulOptions, 'weight' | 'use_weights' | 'tags' | 'metadata'>;

/** Of a service without a port, which is taken for one of HTTP as in APISIX. */
const HTTP_PORT = 80;
const HTTPS_PORT = 443;

/**
 * Reads one entry of `/v1/health/service/…`.
 * @returns undefined for an entry that the filters `tags` and `metadata` leave out
 */
export function readCatalogInstance(entry: unknown, rules: InstanceRules): ReadInstance | undefined {
  const service = isObject(entry) ? entry.Service : undefined;
  if (!isObject(entry) || !isObject(service)) return badValue('?', 'the entry has no service');
  const node = isObject(entry.Node) ? entry.Node : {};
  const place = {
    host: service.Address === '' || service.Address === undefined ? node.Address : service.Address,
    port: statedPort(service.Port),
  };
  const address = () => placeOf(place.host, place.port ?? HTTP_PORT);
  return mapEntry(address, entry, () => readRegistration(place, service, entry.Checks, rules));
}

function readRegistration(
  place: { readonly host: unknown; readonly port: unknown },
  service: JsonObject,
  checks: unknown,
  rules: InstanceRules,
): ReadInstance | undefined {
  const tags = tagsOf(service);
  const words = tagWords(tags);
  const meta = isObject(service.Meta) ? service.Meta : {};
  if (rules.tags.some((tag) => !tags.includes(tag))) return undefined;
  if (Object.entries(rules.metadata).some(([key, value]) => meta[key] !== value)) return undefined;

  const down = failingCheck(checks);
  const locality = localityOf(service);
  return checkInstance(
    {
      host: place.host,
      port: place.port ?? (wantsTls({ ...words, ...meta }) ? HTTPS_PORT : HTTP_PORT),
      weight: weightOf(service, words, rules),
      metadata: { ...tagMetadata(tags), ...meta },
      behind: words,
      ...(down !== undefined && { down }),
      ...(locality !== undefined && { extra: { locality } satisfies Partial<Instance> }),
    },
    rules.weight,
  );
}

/** As Consul's own `passing` does it: one check that does not pass, of the service or of its node, is enough. */
function failingCheck(
  checks: unknown,
): { readonly reason: FilterReason; readonly detail: string } | undefined {
  if (!Array.isArray(checks)) return undefined;
  const failing = checks.find((check: unknown) => isObject(check) && check.Status !== 'passing');
  if (!isObject(failing)) return undefined;
  return { reason: 'unhealthy', detail: `check "${textOf(failing.CheckID)}" is ${textOf(failing.Status)}` };
}

function wantsTls(fields: JsonObject): boolean {
  return readSpokenProtocol(fields, 0).tls?.secure === true;
}

function weightOf(service: JsonObject, words: JsonObject, { use_weights: from }: InstanceRules): unknown {
  if (from === 'tags') return words.weight;
  return from && isObject(service.Weights) ? service.Weights.Passing : undefined;
}

function tagsOf(service: JsonObject): readonly string[] {
  return Array.isArray(service.Tags) ? service.Tags.filter((tag) => typeof tag === 'string').sort() : [];
}

/** Tags such as `secure=true`, as Spring Cloud wrote them before Consul had `Meta`; of two with one key the first counts. */
function tagWords(tags: readonly string[]): JsonObject {
  const words = tags.flatMap((tag): [string, string][] => {
    const at = tag.indexOf('=');
    return at < 1 ? [] : [[tag.slice(0, at).trim(), tag.slice(at + 1).trim()]];
  });
  return Object.fromEntries(words.reverse());
}

/** All tags in one text for people, and each by itself for rules such as `where`, which compare whole values. */
function tagMetadata(tags: readonly string[]): Readonly<Record<string, string>> {
  if (tags.length === 0) return {};
  return { tags: tags.join(','), ...Object.fromEntries(tags.map((tag) => [`tag.${tag}`, 'true'])) };
}

/** Where the service runs; Consul knows of it from 1.17 on. */
function localityOf(service: JsonObject): Locality | undefined {
  const { Region: region, Zone: zone } = isObject(service.Locality) ? service.Locality : {};
  const known = {
    ...(typeof region === 'string' && region !== '' && { region }),
    ...(typeof zone === 'string' && zone !== '' && { zone }),
  };
  return Object.keys(known).length > 0 ? known : undefined;
}
