import type { Auth, RouteRule } from '../../model/route.js';
import { pack } from '../../protobuf/messages.js';
import { CONSUMER_HEADER, type ConsumerFilter } from '../consumers/filters.js';
import { requirementOf } from '../consumers/tokens.js';

/** What a route says to a filter that knows the consumers. */
export function consumerConfig(filter: ConsumerFilter, { api_key, basic, token }: Auth) {
  switch (filter) {
    case 'signalbox.api_key':
      return api_key && apiKey(api_key);
    case 'signalbox.basic_auth':
    case 'signalbox.consumer_of_login':
      return basic && switchedOn();
    case 'signalbox.token':
      return (
        token &&
        pack('envoy.extensions.filters.http.jwt_authn.v3.PerRouteConfig', {
          requirement_name: requirementOf(token),
        })
      );
    case 'signalbox.consumer_of_token':
      return token && switchedOn();
  }
}

/** A filter that has nothing to be told: that it is there for the route turns it on. */
export function switchedOn() {
  return pack('envoy.config.route.v3.FilterConfig', { config: { type_url: '', value: new Uint8Array() } });
}

/** What the service does not see of a request. Envoy's filters for keys and tokens take these away themselves. */
export function hiddenHeaders({ auth }: RouteRule): readonly string[] {
  return auth?.basic?.hide === true ? ['authorization'] : [];
}

function apiKey({ header, query, hide }: NonNullable<Auth['api_key']>) {
  return pack('envoy.extensions.filters.http.api_key_auth.v3.ApiKeyAuthPerRoute', {
    key_sources: [...(header === undefined ? [] : [{ header }]), ...(query === undefined ? [] : [{ query }])],
    forwarding: { header: CONSUMER_HEADER, hide_credentials: hide === true },
  });
}
