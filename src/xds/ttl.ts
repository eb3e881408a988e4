import type { Logger } from 'pino';
import { SignalboxError } from '../errors.js';
import type { ResourceSet } from '../snapshot/resource-set.js';
import { TYPE_URL } from '../snapshot/type-url.js';
import type { Response, Variant } from './response.js';
import type { Subscription } from './subscription.js';
import { discoveryName } from './type-names.js';

/** Types whose resources never expire in an Envoy that speaks SotW, or crash it when they expire. */
const WITHOUT_SOTW_TTL: ReadonlySet<string> = new Set([
  TYPE_URL.endpoints,
  TYPE_URL.route,
  TYPE_URL.secret,
  TYPE_URL.extensionConfig,
  TYPE_URL.scopedRoute,
]);

/**
 * Whether resources are sent with their TTL. In SotW, load assignments, route configurations, secrets, extension
 * configurations and scopes are not: an Envoy drops their heartbeats, or crashes when one of them expires.
 * https://github.com/envoyproxy/envoy/issues/24271
 */
export function carriesTtl(variant: Variant, typeUrl: string): boolean {
  return variant === 'delta' || !WITHOUT_SOTW_TTL.has(typeUrl);
}

/** The names of the resources that a stream was sent without their TTL. */
export function withoutTheirTtl(
  variant: Variant,
  typeUrl: string,
  held: ResourceSet,
  subscription: Subscription,
): readonly string[] {
  if (held.expiring.size === 0 || carriesTtl(variant, typeUrl)) return [];
  return [...held.expiring].filter((name) => subscription.covers(name));
}

/** Names that are remembered, so that each is reported once. */
const MOST_REPORTED = 10_000;
/** Names in one message. */
const MOST_NAMED = 5;

/**
 * Reports the resources whose TTL is not sent, each once. A resource does not know who will ask for it: the same one
 * carries its TTL to a delta client. So this is known when a SotW client is sent the resource, and not before.
 */
export class WithheldTtls {
  readonly #seen = new WeakSet<Response>();
  readonly #reported = new Set<string>();

  /** @param report told of each error, beside the log */
  constructor(
    private readonly logger: Pick<Logger, 'warn'>,
    private readonly report: (error: SignalboxError) => void = () => undefined,
  ) {}

  /** A stream was sent this response. */
  sent(variant: Variant, response: Response): void {
    const { typeUrl, resources } = response;
    if (carriesTtl(variant, typeUrl) || this.#seen.has(response)) return;
    this.#seen.add(response);
    const names = resources.filter(({ ttl, name }) => ttl !== undefined && this.#isNew(typeUrl, name));
    if (names.length === 0) return;
    const error = withheld(
      typeUrl,
      names.map(({ name }) => name),
    );
    this.logger.warn({ code: error.code }, error.message);
    this.report(error);
  }

  #isNew(typeUrl: string, name: string): boolean {
    const key = `${typeUrl} ${name}`;
    if (this.#reported.has(key) || this.#reported.size >= MOST_REPORTED) return false;
    this.#reported.add(key);
    return true;
  }
}

function withheld(typeUrl: string, names: readonly string[]): SignalboxError {
  const some = names.slice(0, MOST_NAMED).map((name) => `"${name}"`);
  const more = names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : '';
  return new SignalboxError(
    'ttl_not_sent',
    `${discoveryName(typeUrl)} ${some.join(', ')}${more}: the TTL is not sent to a client that speaks state of the world, ` +
      'where Envoy cannot renew it and may crash. The resource never expires there. Use delta xDS, or leave the TTL out.',
  );
}
