import type { HttpFilter } from '../../generated/types/envoy/extensions/filters/network/http_connection_manager/v3/HttpFilter.js';
import { ADS } from '../cluster.js';

/** The header that tells a service who asks. */
export const CONSUMER_HEADER = 'x-consumer-username';

const HTTP = 'type.googleapis.com/envoy.extensions.filters.http';

/** A filter that knows the consumers. */
export type ConsumerFilter =
  | 'signalbox.api_key'
  | 'signalbox.basic_auth'
  | 'signalbox.consumer_of_login'
  | 'signalbox.token'
  | 'signalbox.consumer_of_token';

/** The filters that know the consumers, in the order in which requests pass them, with their types. */
export const CONSUMER_FILTERS: Readonly<Record<ConsumerFilter, string>> = {
  'signalbox.api_key': `${HTTP}.api_key_auth.v3.ApiKeyAuth`,
  'signalbox.basic_auth': `${HTTP}.basic_auth.v3.BasicAuth`,
  'signalbox.consumer_of_login': `${HTTP}.lua.v3.Lua`,
  'signalbox.token': `${HTTP}.jwt_authn.v3.JwtAuthentication`,
  'signalbox.consumer_of_token': `${HTTP}.lua.v3.Lua`,
};

/**
 * A filter whose configuration comes by ECDS, so that a changed consumer does not change the listener, which would drain
 * its connections. It is on for the routes that say so. Until its configuration is there, requests of those are refused.
 */
export function discoveredFilter(name: ConsumerFilter): Omit<HttpFilter, 'name'> {
  return {
    disabled: true,
    config_discovery: { config_source: ADS, type_urls: [CONSUMER_FILTERS[name]] },
  };
}
