import { createHash } from 'node:crypto';
import type { Consumer } from '../../model/consumer.js';
import type { RouteRule, TokenAuth } from '../../model/route.js';
import { encode, pack } from '../../protobuf/messages.js';
import { makeResource, type Resource } from '../../snapshot/resource.js';
import { TYPE_URL } from '../../snapshot/type-url.js';
import { CONSUMER_HEADER, type ConsumerFilter } from './filters.js';
import { consumersOfLogins, consumersOfTokens } from './names.js';
import { requirementOf, tokenFilter, tokenProviders } from './tokens.js';

const HTTP = 'envoy.extensions.filters.http';
/** Envoy wants a user; the hash of no password that anybody knows. */
const NOBODY = `-:{SHA}${Buffer.alloc(20).toString('base64')}`;

type Packed = ReturnType<typeof pack>;

/**
 * The ECDS resources that hold the consumers, one for each of their filters.
 * @param consumers no two of which prove to be somebody by the same
 * @param rules the routes, of which some ask for a consumer
 */
export function consumerResources(
  consumers: readonly Consumer[],
  rules: readonly RouteRule[],
): readonly Resource[] {
  const inOrder = [...consumers].sort((a, b) => (a.name < b.name ? -1 : 1));
  const options = new Map<string, TokenAuth>();
  for (const { auth } of rules)
    if (auth?.token !== undefined) options.set(requirementOf(auth.token), auth.token);
  const sorted = [...options].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
  const providers = tokenProviders(inOrder, sorted);
  const configs: Readonly<Record<ConsumerFilter, Packed>> = {
    'signalbox.api_key': apiKeys(inOrder),
    'signalbox.basic_auth': logins(inOrder),
    'signalbox.consumer_of_login': consumersOfLogins(inOrder),
    'signalbox.token': tokenFilter(providers),
    'signalbox.consumer_of_token': consumersOfTokens(providers.values()),
  };
  return Object.entries(configs).map(([name, typed_config]) =>
    makeResource(
      TYPE_URL.extensionConfig,
      name,
      encode('envoy.config.core.v3.TypedExtensionConfig', { name, typed_config }),
    ),
  );
}

function apiKeys(consumers: readonly Consumer[]): Packed {
  return pack(`${HTTP}.api_key_auth.v3.ApiKeyAuth`, {
    credentials: consumers.flatMap(({ name, api_keys = [] }) =>
      api_keys.map((key) => ({ key, client: name })),
    ),
    // Each route says its own.
    key_sources: [{ header: 'x-api-key' }],
  });
}

/** In the form of Apache's htpasswd, with SHA-1, which is the one that Envoy reads. */
function logins(consumers: readonly Consumer[]): Packed {
  const users = consumers.flatMap(({ logins: own = [] }) =>
    own.map(
      ({ username, password }) => `${username}:{SHA}${createHash('sha1').update(password).digest('base64')}`,
    ),
  );
  return pack(`${HTTP}.basic_auth.v3.BasicAuth`, {
    users: { inline_string: (users.length > 0 ? users : [NOBODY]).join('\n') },
    forward_username_header: CONSUMER_HEADER,
  });
}
