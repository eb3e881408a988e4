import { globMatcher } from '../base/glob.js';
import { withoutOuterSlashes } from '../base/outer-slashes.js';
import type { RegistryOptions } from '../config/registries.js';
import { KeyReader } from '../discovery/consul-kv/key.js';

/** A rule of the configuration that leaves something out. */
export interface SkipRule {
  readonly registry: string;
  /** The option and the entry of it, such as `skip_keys "upstreams/unused/"`. */
  readonly rule: string;
}

/**
 * The rules that leave a service out.
 * @param query the name of a service; of a Consul KV registry also a key, with its prefix
 */
export function skipRules(
  query: string,
  discovery: Readonly<Record<string, RegistryOptions>>,
): readonly SkipRule[] {
  return Object.entries(discovery).flatMap(([registry, options]) => [
    ...options.skip_services
      .filter((pattern) => globMatcher([pattern])(query))
      .map((pattern) => ({ registry, rule: `skip_services "${pattern}"` })),
    ...(options.type === 'consul_kv'
      ? options.skip_keys
          .filter((key) => skipsKey(query, options.prefix, key))
          .map((key) => ({ registry, rule: `skip_keys "${key}"` }))
      : []),
  ]);
}

function skipsKey(query: string, prefix: string, skipped: string): boolean {
  const reader = new KeyReader(prefix, [skipped]);
  const all = new KeyReader(prefix, []);
  const path = withoutOuterSlashes(query);
  return [path, `${path}/any:1`, `${reader.folder}${path}`, `${reader.folder}${path}/any:1`].some(
    (key) => all.read(key) !== undefined && reader.read(key) === undefined,
  );
}
