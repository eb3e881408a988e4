import type { HttpFilter } from '../../generated/types/envoy/extensions/filters/network/http_connection_manager/v3/HttpFilter.js';
import { ADS } from '../cluster.js';

/** The header that tells a service who asks. */
export const CONSUMER_HEADER = 'x-consumer-username';

const HTTP = 'type.googleapis.com/envoy.extensions.filters.http';

/** Filters that know the consumers, in the order in which requests pass them, and what each of them is. */
export const CONSUMER_FILTERS = {
  'signalbox.api_key': `${HTTP}.api_key_auth.v3.ApiKeyAuth`,
  'signalbox.basic_auth': `${HTTP}.basic_auth.v3.BasicAuth`,
  'signalbox.consumer_of_login': `${HTTP}.lua.v3.Lua`,
  'signalbox.token': `${HTTP}.jwt_authn.v3.JwtAuthentication`,
  'signalbox.consumer_of_token': `${HTTP}.lua.v3.Lua`,
} as const;
/** The name of a filter that knows the consumers, and of the ECDS resource that configures it. */
export type ConsumerFilter = keyof typeof CONSUMER_FILTERS;

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
