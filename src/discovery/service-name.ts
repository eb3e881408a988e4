import { SignalboxError } from '../errors.js';

/** The registries whose APIs cannot address every name. */
export type NameRules = 'consul' | 'consul_kv' | 'zookeeper';

/** Control characters, which APIs and proxies refuse, and halves of surrogate pairs, which UTF-8 cannot hold. */
const UNUSABLE = /[\p{Cc}\p{Cs}]/u;
/** A segment that a server takes out of a path before it looks at it. A single slash at the end stays. */
const NORMALISED = /(?:^|\/)(?:\.{1,2}(?:\/|$)|(?=\/))/;
/** Proxies ask for a service by its name, and the xDS port takes no names without end. */
const MOST_BYTES = 1_024;
/** Characters of a name in an error. */
const MOST_SHOWN = 100;

/**
 * Why a service of this name cannot be queried or cannot be published, in words.
 * @param name the name as the registry has it
 * @param rules those of the registry's own API; without them only what holds for every registry counts
 * @returns undefined for a name that can be used
 */
export function nameProblem(name: string, rules?: NameRules): string | undefined {
  if (name === '') return 'it is empty';
  const bytes = Buffer.byteLength(name);
  if (bytes > MOST_BYTES) return `it has ${bytes} bytes, and ${MOST_BYTES} is the most`;
  if (UNUSABLE.test(name)) return 'it holds a control character or half of a surrogate pair';
  // As the name of a resource: https://www.envoyproxy.io/docs/envoy/v1.40.0/api-docs/xds_protocol#wildcard-subscriptions
  if (name === '*') return 'proxies take "*" for a subscription to everything';
  if (name.startsWith('xdstp:')) return 'proxies take it for the URL of a resource';
  switch (rules) {
    case undefined:
      return undefined;
    case 'consul':
      return normalised(name);
    case 'consul_kv':
      // Followed by the address: a slash at the end is an empty segment too.
      return normalised(`${name}/address`);
    case 'zookeeper':
      return name === '.' || name === '..' || name.includes('/') ? 'no znode can have it' : undefined;
  }
}

/** Consul redirects a request whose path it would clean, whether the path is encoded or not. */
function normalised(path: string): string | undefined {
  return NORMALISED.test(path)
    ? 'it has an empty segment, "." or ".." in it, and Consul redirects a query for such a path'
    : undefined;
}

/** The error about a service that is left out because of its name. */
export function nameError(name: string, problem: string): SignalboxError {
  const shown = JSON.stringify(name.length > MOST_SHOWN ? `${name.slice(0, MOST_SHOWN)}…` : name);
  return new SignalboxError(
    'service_name_invalid',
    `the service ${shown} is left out because of its name: ${problem}. Register it under another name`,
  );
}
